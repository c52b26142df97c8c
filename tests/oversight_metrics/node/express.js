'use strict'

// What services on Express do, and what they should not: `node express.js port port-of-the-page`.

const { Readable } = require('node:stream')
const express = require('express')
const { metricsMiddleware, ownMetrics, serveMetrics } = require('oversight-metrics')

const FOUR = require('express/package.json').version.startsWith('4.')
const answer = (req, res) => res.send('x')
const routerOf = (...paths) => paths.reduce((router, path) => router.get(path, answer), express.Router())

let begun = 0
const root = express()
root.use((req, res, next) => {
  ownMetrics().setBusinessMetric('requests_begun', (begun += 1))
  next()
})
root.set('env', 'test') // no stack of each error on the log

// measured where it is mounted, before anything else was
const inner = express()
inner.use(metricsMiddleware())
inner.get('/things/:id', answer)
root.use('/inner/:tenant', express.Router().use('/app', inner))

const app = express()
root.use(app)
app.use(metricsMiddleware())
app.get('', answer)

app.get('/same/one', answer)
app.get(['/same/two', '/same/three'], answer)
app.route('/only-get').get(answer).all((req, res) => res.sendStatus(405))

app.get('/throws', (req, res) => {
  res.write('x')
  throw new Error('after the first byte')
})
app.get('/next', (req, res, next) => {
  res.write('x')
  setTimeout(next, 10, new Error('late'))
})
app.get('/pipe', (req, res) => {
  const source = new Readable({ read() {} })
  source.push('x')
  source.on('error', () => res.destroy()).pipe(res)
  setTimeout(() => source.destroy(new Error('the source broke off')), 10)
})
app.get('/upstream', (req, res) => {
  res.write('x')
  res.destroy(Object.assign(new Error('reset'), { code: 'ECONNRESET', syscall: 'read' }))
})
app.get('/destroy', (req, res) => res.destroy())
app.get('/socket', (req) => req.socket.destroy())
app.get('/ended', (req, res) => {
  res.end('x')
  throw new Error('after the last byte')
})
app.get('/waits', () => {})
app.get('/begins', (req, res) => res.write('x'))
app.post('/json', express.json(), answer)
app.post('/reads', (req, res, next) => req.on('error', next).on('end', () => res.send('x')).resume())
app.get('/gone', (req, res) => req.on('aborted', () => res.status(503).end()))

const twice = routerOf('/list', '/')
app.use('/first', twice)
app.use('/second/:name', twice)
app.use(['/left', '/right/:name'], twice)
app.use(/^\/re(?:gexp)?[0-9]+/, twice)
app.use('/slash/', twice)
app.use('/dots.and-dashes/:name', twice)
app.use('/called', (req, res, next) => twice(req, res, next))
if (FOUR) {
  app.use('/number/:n(\\d+)', twice)
  app.use('/optional/:n?', twice)
  app.use('/star/*', twice)
} else {
  app.use('/star/*rest', twice)
}
app.param('slow', (req, res, next) => setTimeout(next, 20))
app.use('/param/:slow', twice)

const shop = express()
shop.get('/orders/:id', answer)
shop.use('/deeper', express.Router().use('/:level', twice))
app.use('/mounted/:tenant', shop)

for (let number = 0; number < 600; number += 1) app.get(`/many/${number}`, answer)

app.use('/:locale', routerOf('/other'))
app.use('/api', routerOf('/things/:id'))
app.use((error, req, res, next) => (res.headersSent ? next(error) : res.status(error.status || 500).end()))

const [port, page] = process.argv.slice(2)
root.listen(Number(port), '127.0.0.1')
serveMetrics({ port: Number(page), address: '127.0.0.1' })
