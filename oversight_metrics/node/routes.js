'use strict'

// The route template of an Express request, never its path: a path would be a series per customer, order and typing
// error. It is noted while Express routes, layer by layer: looked up afterwards, a path may belong to another router.

const { template } = require('./templates')

const LAYERS = /[\\/](express[\\/]lib[\\/]router|router[\\/]lib)[\\/]layer\.js$/
/** The router in which a request is: `next` of its run, its layer, what has been matched up to there, router before. */
const AT = Symbol('oversight-metrics.at')
const NOTED = Symbol('oversight-metrics.route')
const PATCHED = Symbol('oversight-metrics.patched')

/** Have Express note its routes, each copy of it that is loaded. */
function noteRoutes() {
  for (const [file, { exports: Layer }] of Object.entries(require.cache)) {
    if (LAYERS.test(file) && Layer.prototype) patch(Layer.prototype)
  }
}

function patch(prototype) {
  const name = prototype.handleRequest ? 'handleRequest' : 'handle_request' // Express 5, Express 4
  const handle = prototype[name]
  if (!handle || prototype[PATCHED]) return
  prototype[PATCHED] = true
  prototype[name] = function noted(req, res, next) {
    try {
      if (Object.hasOwn(this, 'route')) note(this, req, next) // else it is a handler of a route
    } catch {
      req[NOTED] = undefined // a fault in measuring must not fail the request
    }
    return handle.call(this, req, res, next)
  }
}

function note(layer, req, next) {
  let at = req[AT]
  while (at !== undefined && at.next !== next) at = at.before // routers that did not answer are left
  if (at === undefined) at = { next, layer, base: '', before: req[AT] }
  req[AT] = at
  at.layer = layer
  at.base = req.baseUrl
  if (layer.route) req[NOTED] = { route: layer.route, prefix: prefix(at.before) }
}

/** Templates of the layers that lead to a router. */
function prefix(at) {
  if (at === undefined) return ''
  const matched = at.base.slice(at.before === undefined ? 0 : at.before.base.length)
  return prefix(at.before) + (matched === '' ? '' : template(at.layer, matched))
}

/** The template of a request that Express has routed, null where no route matched. */
function notedRoute(req) {
  const { route } = req
  if (!route) return null
  const noted = req[NOTED]
  // a copy of Express that was loaded later keeps what leads to it to itself
  const before = noted && noted.route === route ? noted.prefix : req.baseUrl && '/:mounted'
  return before + (Array.isArray(route.path) ? route.path.map(String).join('|') : String(route.path))
}

module.exports = { noteRoutes, notedRoute }
