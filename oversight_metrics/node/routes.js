'use strict'

// The route template of an Express request, never its path: a path would be a series per customer, order and typing
// error.

/**
 * Remember where a request is when Express finds its route: an error takes `req.baseUrl` back on its way out.
 *
 * @param {import('node:http').IncomingMessage} req
 * @returns {() => string | null} The template once the request is answered, null where no route matched.
 */
function watchRoute(req) {
  let route
  let base = ''
  Object.defineProperty(req, 'route', {
    configurable: true,
    enumerable: true,
    get: () => route,
    set: (found) => {
      route = found
      base = req.baseUrl || ''
    },
  })
  return () => (route ? prefix(req.app, base) + text(route.path) : null)
}

/** Templates of the routers that lead to `base`, which is what they have matched of the path. */
function prefix(app, base) {
  if (base === '') return ''
  const below = mounted((app && (app._router || app.router)) || {}, base)
  return below === null ? '/:mounted' : below // an application within the application keeps its routes to itself
}

function mounted(router, base) {
  for (const layer of router.stack || []) {
    if (layer.route || !layer.handle || !layer.handle.stack) continue
    const match = layer.match(base)
    if (!match) continue
    const { path, params, pattern } = match === true ? layer : match // before Express 5.2 the layer itself holds it
    const rest = base.slice(path.length)
    const below = rest === '' ? '' : mounted(layer.handle, rest)
    if (below !== null) return template(path, params, pattern) + below
  }
  return null
}

function template(path, params, pattern) {
  if (pattern !== undefined) return pattern === '/' ? '' : text(pattern)
  const names = Object.keys(params) // before Express 5.2 the template is not kept
  return names.length > 0 ? names.map((name) => `/:${name}`).join('') : path.toLowerCase()
}

/** A path as the code gives it: a string, a regular expression, or several. */
function text(path) {
  return Array.isArray(path) ? path.map(String).join('|') : String(path)
}

module.exports = { watchRoute }
