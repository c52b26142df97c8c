'use strict'

const { fixed } = require('./contract.json')
const { ERROR } = require('./label-sets')
const { ownMetrics } = require('./metrics')
const { noteRoutes, notedRoute } = require('./routes')

/** Of Express 4 and 5; of anything else on Node's http with a resolver. */
function metricsMiddleware({ metrics = ownMetrics(), resolver } = {}) {
  if (!resolver) noteRoutes()
  return function measure(req, res, next) {
    watch(metrics, req, res, resolver || notedRoute)
    next()
  }
}

/** A plugin of Fastify, for the instance and all within it. */
function fastifyMetrics(fastify, { metrics = ownMetrics() } = {}, done) {
  fastify.addHook('onRequest', (request, reply, next) => {
    watch(metrics, request.raw, reply.raw, () => (request.is404 ? null : request.routeOptions.url))
    next()
  })
  done()
}
fastifyMetrics[Symbol.for('skip-override')] = true
fastifyMetrics[Symbol.for('fastify.display-name')] = 'oversight-metrics'

/** Record the request once its response is over. */
function watch(metrics, req, res, route) {
  const start = performance.now()
  const { method } = req
  let sent = false
  let begun // whether the response had, when the connection was lost; what is sent afterwards, nobody sees
  req.prependListener('aborted', () => {
    begun = res.headersSent
  })
  res.on('finish', () => {
    sent = true
  })
  res.on('close', () => {
    const seconds = (performance.now() - start) / 1000
    const status = sent ? res.statusCode : brokenOff(req, res, begun ?? res.headersSent)
    metrics.observeRequest({ method, route: found(route, req), status, seconds })
  })
}

/** The template; a fault in finding it must not end the service. */
function found(find, req) {
  try {
    return find(req)
  } catch (error) {
    process.emitWarning(`the route of a request is not known: ${error.message}`, 'OversightMetrics')
    return fixed.other
  }
}

/**
 * The status of a response that was not sent to its end: 500 where we destroyed it. Where the client left, what it has
 * seen: the status of a response that had begun, else 499.
 */
function brokenOff(req, res, begun) {
  if (res.errored || !clientLeft(req.socket)) return ERROR
  return begun ? res.statusCode : fixed.client_gone
}

/** Whether the other end closed or reset the connection, or sent what is no HTTP; a socket of ours ends without that. */
function clientLeft({ readableEnded, errored }) {
  if (readableEnded) return true
  return Boolean(errored) && (Boolean(errored.syscall) || /^(HPE_|ERR_HTTP_REQUEST_TIMEOUT)/.test(errored.code))
}

module.exports = { fastifyMetrics, metricsMiddleware }
