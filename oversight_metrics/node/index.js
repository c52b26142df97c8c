'use strict'

const http = require('node:http')
const { metrics: CONTRACT } = require('./contract.json')
const { ERROR } = require('./label-sets')
const { Metrics, ownMetrics } = require('./metrics')
const { fastifyMetrics, metricsMiddleware } = require('./middleware')
const { oneRegistry } = require('./registry')

const PORT = 9464

function serveMetrics({ port = PORT, address, register } = {}) {
  if (!register) oneRegistry()
  ownMetrics()
  const server = http.createServer(async (req, res) => {
    if (req.method !== 'GET' || req.url.split('?')[0] !== '/metrics') {
      res.writeHead(404).end()
      return
    }
    try {
      const source = register || oneRegistry() // a copy may be loaded late
      const page = await source.metrics()
      res.writeHead(200, { 'Content-Type': source.contentType }).end(page)
    } catch (error) {
      res.writeHead(ERROR, { 'Content-Type': 'text/plain' }).end(`${error.message}\n`)
    }
  })
  return server.listen(port, address)
}

module.exports = { CONTRACT, Metrics, fastifyMetrics, metricsMiddleware, ownMetrics, serveMetrics }
