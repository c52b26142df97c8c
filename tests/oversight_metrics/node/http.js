'use strict'

// Node's own http, with a resolver: `node http.js port port-of-the-page`.

const http = require('node:http')
const { metricsMiddleware, serveMetrics } = require('oversight-metrics')

const ROUTES = [[/^\/$/, ''], [/^\/orders\/\d+$/, '/orders/:id'], [/^\/destroy$/, '/destroy']]
const resolver = (req) => (ROUTES.find(([path]) => path.test(req.url)) || [])[1]
const measure = metricsMiddleware({ resolver })

const [port, page] = process.argv.slice(2)
http
  .createServer((req, res) =>
    measure(req, res, () => {
      if (req.url === '/destroy') res.destroy()
      else res.writeHead(resolver(req) === undefined ? 404 : 200).end()
    }),
  )
  .listen(Number(port), '127.0.0.1')
serveMetrics({ port: Number(page), address: '127.0.0.1' })
