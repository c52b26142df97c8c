'use strict'

// A shop's service for orders, measured: `node example.js [port] [port of the page]`.

const express = require('express')
const { metricsMiddleware, ownMetrics, serveMetrics } = require('./index')

const PRICE = 19.9
const metrics = ownMetrics()
const orders = new Map()
const sessions = new Set()

const app = express()
app.use(metricsMiddleware())

app.post('/orders', async (req, res) => {
  const user = req.get('user') || 'nobody'
  if (sessions.has(user)) {
    metrics.cacheHit('sessions')
  } else {
    metrics.cacheMiss('sessions')
    sessions.add(user)
    metrics.setActiveUsers(sessions.size, { window: '5m' })
  }
  const number = await metrics.observeQuery({ operation: 'insert', table: 'orders' }, () => {
    orders.set(orders.size + 1, user)
    return orders.size
  })
  metrics.countTransaction({ type: 'order', status: 'completed' })
  metrics.addRevenue(PRICE, { currency: 'EUR' })
  metrics.setBusinessMetric('open_orders', orders.size)
  res.status(201).json({ number })
})

app.get('/orders/:orderId', async (req, res) => {
  const select = { operation: 'select', table: 'orders' }
  const user = await metrics.observeQuery(select, () => orders.get(Number(req.params.orderId)))
  if (user === undefined) {
    res.sendStatus(404)
  } else {
    res.json({ user })
  }
})

const reports = express.Router()
reports.get('/orders', (req, res) => {
  for (const number of orders.keys()) res.write(`${JSON.stringify({ number })}\n`)
  res.end()
})
reports.get('/slow', () => {}) // answers nobody
reports.get('/broken', (req, res) => {
  res.write('first')
  res.destroy(new Error('the report broke off'))
})
reports.get('/:year', async () => {
  throw new Error('the report cannot be made')
})
const shops = express.Router()
shops.use('/reports', reports)
app.use('/shops/:shop', shops)

const [port = '8000', page = '9464'] = process.argv.slice(2)
app.listen(Number(port), '127.0.0.1')
serveMetrics({ port: Number(page), address: '127.0.0.1' })
