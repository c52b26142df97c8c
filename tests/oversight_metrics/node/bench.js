'use strict'

// What measuring costs on Express, beside none and beside express-prom-bundle: `node bench.js [requests]`.
//
// No network: the time is Express' and the middleware's alone, so the ratio is the worst case. Each variant has a
// process of its own, since the middleware changes Express; they take turns, so that a busy machine slows all, and the
// figure is the best round of each.

const { fork } = require('node:child_process')
const http = require('node:http')
const { Writable } = require('node:stream')

const ROUNDS = 60
const SCRAPES = 5
const LABEL_SETS = 500
const BUCKETS = require('oversight-metrics').CONTRACT.find(({ name }) => name === 'http_request_duration_seconds').buckets

/** Middleware and registry of each variant; both libraries get the same buckets and label sets. */
const VARIANTS = {
  none: () => ({}),
  'oversight-metrics': () => {
    const { Metrics, metricsMiddleware } = require('oversight-metrics')
    const { Registry } = require('prom-client')
    const metrics = new Metrics(new Registry())
    return { middleware: metricsMiddleware({ metrics }), register: metrics.register }
  },
  'express-prom-bundle': () => {
    const { Registry } = require('prom-client')
    const register = new Registry()
    const options = { includeMethod: true, includePath: true, includeUp: false, promRegistry: register, buckets: BUCKETS }
    const normalizePath = (req) => req.baseUrl + req.route.path // a template, as ours
    return { middleware: require('express-prom-bundle')({ ...options, normalizePath }), register }
  },
}

/** One request, as Node's server would give it to the application. */
function request(app, url) {
  return new Promise((resolve) => {
    const socket = new Writable({ write: (chunk, encoding, done) => done() })
    const req = Object.assign(new http.IncomingMessage(socket), { method: 'GET', url, headers: {} })
    const res = new http.ServerResponse(req)
    res.assignSocket(socket)
    res.on('finish', () => {
      res.detachSocket(socket)
      res.emit('close')
      resolve()
    })
    app(req, res)
  })
}

function application(middleware) {
  const express = require('express')
  const app = express()
  if (middleware) app.use(middleware)
  const orders = express.Router()
  for (let number = 0; number < LABEL_SETS; number += 1) orders.get(`/${number}/:id`, (req, res) => res.end('7'))
  app.use('/shops/:shop', orders)
  return app
}

/** Processor time of a task in seconds: what else the machine does is not in it. */
async function timed(task, count) {
  const start = process.cpuUsage()
  for (let number = 0; number < count; number += 1) await task(number)
  const { user, system } = process.cpuUsage(start)
  return (user + system) / 1e6 / count
}

async function variant(name) {
  const { middleware, register } = VARIANTS[name]()
  const app = application(middleware)
  const before = heap()
  await timed((number) => request(app, `/shops/acme/${number}/17`), LABEL_SETS)
  process.send({ bytes: heap() - before })
  process.on('message', async (requests) => {
    const perRequest = await timed(() => request(app, '/shops/acme/0/17'), requests)
    const perScrape = register ? await timed(() => register.metrics(), SCRAPES) : 0
    process.send({ perRequest, perScrape })
  })
}

function heap() {
  global.gc()
  return process.memoryUsage().heapUsed
}

async function main(requests) {
  const runs = Object.keys(VARIANTS).map((name) => {
    const child = fork(__filename, ['variant', name], { execArgv: ['--expose-gc'] })
    return { name, child, perRequest: Infinity, perScrape: Infinity }
  })
  const said = (child) => new Promise((resolve) => child.once('message', resolve))
  for (const run of runs) run.bytes = (await said(run.child)).bytes
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const run of runs) {
      run.child.send(requests)
      const { perRequest, perScrape } = await said(run.child)
      run.perRequest = Math.min(run.perRequest, perRequest)
      run.perScrape = Math.min(run.perScrape, perScrape)
    }
  }
  console.log(`| middleware | us per request | ms per scrape | KB at ${LABEL_SETS} label sets |\n|---|---|---|---|`)
  for (const { name, child, perRequest, perScrape, bytes } of runs) {
    child.kill()
    const [request, scrape, memory] = [perRequest * 1e6, perScrape * 1e3, (bytes - runs[0].bytes) / 1024]
    console.log(`| ${name} | ${request.toFixed(1)} | ${scrape.toFixed(1)} | ${memory.toFixed(0)} |`)
  }
}

if (process.argv[2] === 'variant') variant(process.argv[3])
else main(Number(process.argv[2] || 1000))
