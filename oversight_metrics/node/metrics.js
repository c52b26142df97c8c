'use strict'

const client = require('prom-client')
const contract = require('./contract.json')
const { LabelSets } = require('./label-sets')
const { Requests } = require('./requests')

const KINDS = { counter: client.Counter, gauge: client.Gauge, histogram: client.Histogram }
const FAMILIES = Object.fromEntries(contract.metrics.map((family) => [family.name, family]))
const { http_requests_total: requests, http_request_duration_seconds: durations, ...others } = FAMILIES

/** All metrics of the contract (contract.json) in one registry; index.d.ts says what each call is for. */
class Metrics {
  constructor(register = client.register) {
    this.register = register
    this.requests = new Requests({ requests, durations, register, over: () => this.over(requests.name) })
    this.series = Object.fromEntries(Object.values(others).map((family) => [family.name, this.bounded(family)]))
  }

  bounded({ name, help, type, labels: labelNames, buckets, label_sets: limit }) {
    const config = { name, help, labelNames, registers: [this.register] }
    const metric = new KINDS[type](type === 'histogram' ? { ...config, buckets } : config)
    return new LabelSets({ limit, over: () => this.over(name), make: (values) => metric.labels(...values) })
  }

  /** An event that counts in the label set of `other`. */
  over(metric) {
    this.series.oversight_metrics_over_limit_total.of(metric).inc()
  }

  observeRequest({ method, route, status, seconds }) {
    this.requests.observe(method, route, status, seconds)
  }

  async observeQuery({ operation, table }, query) {
    const start = performance.now()
    try {
      return await query()
    } finally {
      this.series.db_query_duration_seconds.of(operation, table).observe((performance.now() - start) / 1000)
    }
  }

  cacheHit(name) {
    this.series.cache_hits_total.of(name).inc()
  }

  cacheMiss(name) {
    this.series.cache_misses_total.of(name).inc()
  }

  setBusinessMetric(name, value) {
    this.series.business_metric.of(name).set(value)
  }

  setActiveUsers(count, { window }) {
    this.series.business_active_users.of(window).set(count)
  }

  countTransaction({ type, status }) {
    this.series.business_transactions_total.of(type, status).inc()
  }

  addRevenue(amount, { currency }) {
    this.series.business_revenue_total.of(currency).inc(amount)
  }
}

let own
/** The process' own metrics, made when they are first asked for. */
const ownMetrics = () => (own = own || new Metrics())

module.exports = { Metrics, ownMetrics }
