'use strict'

const http = require('node:http')
const client = require('prom-client')
const contract = require('./contract.json')
const { watchRoute } = require('./routes')

const KINDS = { counter: client.Counter, gauge: client.Gauge, histogram: client.Histogram }
const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'CONNECT'])
const ERROR = 500
const PORT = 9464
const MAX_ROUTES = 500

/** All metrics of the contract (contract.json) in one registry; index.d.ts says what each call is for. */
class Metrics {
  constructor(register = client.register) {
    this.register = register
    this.objects = Object.fromEntries(contract.metrics.map((family) => [family.name, made(family, register)]))
    this.routes = new Set()
  }

  observeRequest({ method, route, status, seconds }) {
    const labels = {
      method: METHODS.has(method) ? method : contract.fixed.other_method,
      route: this.routeLabel(route),
      status_code: status >= 100 && status <= 599 ? String(status) : contract.fixed.other,
    }
    this.objects.http_request_duration_seconds.observe(labels, seconds)
    this.objects.http_requests_total.inc(labels)
  }

  routeLabel(route) {
    if (route === null || route === undefined) return contract.fixed.unmatched
    if (!this.routes.has(route)) {
      if (this.routes.size >= MAX_ROUTES) return contract.fixed.other
      this.routes.add(route)
    }
    return route
  }

  async observeQuery({ operation, table }, query) {
    const end = this.objects.db_query_duration_seconds.startTimer({ operation, table })
    try {
      return await query()
    } finally {
      end()
    }
  }

  cacheHit(name) {
    this.objects.cache_hits_total.inc({ cache_name: name })
  }

  cacheMiss(name) {
    this.objects.cache_misses_total.inc({ cache_name: name })
  }

  setBusinessMetric(name, value) {
    this.objects.business_metric.set({ metric_name: name }, value)
  }

  setActiveUsers(count, { window }) {
    this.objects.business_active_users.set({ window }, count)
  }

  countTransaction({ type, status }) {
    this.objects.business_transactions_total.inc({ type, status })
  }

  addRevenue(amount, { currency }) {
    this.objects.business_revenue_total.inc({ currency }, amount)
  }
}

function made(family, register) {
  const buckets = family.type === 'histogram' ? { buckets: family.buckets } : {}
  const Kind = KINDS[family.type]
  return new Kind({ name: family.name, help: family.help, labelNames: family.labels, registers: [register], ...buckets })
}

let own
/** The process' own metrics, made when they are first asked for. */
const ownMetrics = () => (own = own || new Metrics())

function metricsMiddleware({ metrics = ownMetrics(), resolver } = {}) {
  return function measure(req, res, next) {
    const start = process.hrtime.bigint()
    const { method } = req
    const route = watchRoute(req)
    res.once('close', () => {
      metrics.observeRequest({
        method,
        route: found(() => (resolver ? resolver(req) : route())),
        status: status(res),
        seconds: Number(process.hrtime.bigint() - start) / 1e9,
      })
    })
    next()
  }
}

/** The template; a fault in finding it must not end the service. */
function found(find) {
  try {
    return find()
  } catch (error) {
    process.emitWarning(`the route of a request is not known: ${error.message}`, 'OversightMetrics')
    return contract.fixed.other
  }
}

/** What the client saw; an answer that broke off by our fault is an error, one that nobody waited for is 499. */
function status(res) {
  if (res.writableFinished) return res.statusCode
  if (res.errored) return ERROR
  return res.headersSent ? res.statusCode : contract.fixed.client_gone
}

function serveMetrics({ port = PORT, address, register = client.register } = {}) {
  ownMetrics()
  const server = http.createServer(async (req, res) => {
    if (req.method !== 'GET' || req.url.split('?')[0] !== '/metrics') {
      res.writeHead(404).end()
      return
    }
    try {
      const page = await register.metrics()
      res.writeHead(200, { 'Content-Type': register.contentType }).end(page)
    } catch (error) {
      res.writeHead(ERROR, { 'Content-Type': 'text/plain' }).end(`${error.message}\n`)
    }
  })
  return server.listen(port, address)
}

module.exports = { CONTRACT: contract.metrics, Metrics, metricsMiddleware, ownMetrics, serveMetrics }
