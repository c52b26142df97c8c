'use strict'

// Fastify: `node fastify.js port port-of-the-page`.

const { Readable } = require('node:stream')
const fastify = require('fastify')()
const { fastifyMetrics, ownMetrics, serveMetrics } = require('oversight-metrics')

let begun = 0
fastify.register(fastifyMetrics)
fastify.addHook('onRequest', async () => ownMetrics().setBusinessMetric('requests_begun', (begun += 1)))
const things = async (shop) => {
  shop.get('', async () => 'x')
  shop.get('/things/:id', async () => 'x')
}
fastify.register(things, { prefix: '/api' })
fastify.register(things, { prefix: '/:locale' })
fastify.get('/', async () => 'x')
fastify.get('/throws', async () => {
  throw new Error('the report cannot be made')
})
fastify.get('/breaks', async (request, reply) => {
  const source = new Readable({ read() {} })
  source.push('x')
  setTimeout(() => source.destroy(new Error('the source broke off')), 10)
  return reply.send(source)
})
fastify.get('/waits', () => new Promise(() => {}))

const [port, page] = process.argv.slice(2)
fastify.listen({ port: Number(port), host: '127.0.0.1' })
serveMetrics({ port: Number(page), address: '127.0.0.1' })
