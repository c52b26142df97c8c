'use strict'

// A service with a metric of its own: `node own-metrics.js port port-of-the-page`.

const client = require('prom-client')
const { serveMetrics } = require('oversight-metrics')

new client.Gauge({ name: 'shop_reports_created', help: 'Reports that were made.' }).set(7)
serveMetrics({ port: Number(process.argv[3]), address: '127.0.0.1' })
