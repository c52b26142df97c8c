// A service of ES modules: `node modules.mjs port port-of-the-page`.

import express from 'express'
import client from 'prom-client'
import { metricsMiddleware, serveMetrics } from 'oversight-metrics'

const app = express()
app.use(metricsMiddleware())
app.use('/:locale', express.Router().get('/other', (req, res) => res.send('x')))
app.post('/reset', (req, res) => {
  client.register.resetMetrics()
  res.send('x')
})

const [port, page] = process.argv.slice(2)
app.listen(Number(port), '127.0.0.1')
serveMetrics({ port: Number(page), address: '127.0.0.1' })
