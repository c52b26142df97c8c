'use strict'

// The template of a router's mount, from the layer that Express has made of it.

const UNKNOWN = '/:mounted'
/** Express 4: a parameter, its own pattern, or what a star became. */
const PARAMETER = /\(\?:(\\?\/)?(\((?:[^()\\]|\\.|\((?:[^()\\]|\\.|\([^()]*\))*\))*\))\)(\?)?|\(\.\*\)/g
const ANY = /^\((\(\?:\(\?!.*\)|\[\^[^\]]*\])\+\?\)$/
const END = '\\/?(?=\\/|$)'

/** Template of what a layer matched of the path (`/shops/acme`), without a slash at its end. */
function template(layer, matched) {
  const found = layer.regexp ? ofRegexp(layer, matched) : ofPath(layer, matched)
  return found.endsWith('/') ? found.slice(0, -1) : found
}

/** Express 5: the layer keeps the path as the code gives it, since router 2.3. */
function ofPath(layer, matched) {
  const { rawPath, matchers } = layer
  if (rawPath === undefined) return ofParameters(layer, matched)
  return String(Array.isArray(rawPath) ? rawPath.find((_, index) => matchers[index](matched)) : rawPath)
}

/** What was matched, with the names of its parameters for their values; only the names, where they are not found. */
function ofParameters({ params = {}, matchers }, matched) {
  if (matchers.some(({ name }) => name === 'regexpMatcher')) return UNKNOWN
  const parts = matched.split('/')
  for (const [name, value] of Object.entries(params)) {
    const values = [value].flat()
    const at = parts.findIndex((_, start) => values.every((one, index) => decoded(parts[start + index]) === one))
    if (at < 0) return Object.keys(params).map((one) => `/:${one}`).join('')
    parts.splice(at, values.length, Array.isArray(value) ? `*${name}` : `:${name}`)
  }
  return parts.map((part) => (part.startsWith(':') || part.startsWith('*') ? part : part.toLowerCase())).join('/')
}

function decoded(part) {
  return part && decodeURIComponent(part)
}

const WRITTEN = new WeakMap()

/** Express 4: the path of which the regular expression was made; itself, where the code gives one. */
function ofRegexp(layer, matched) {
  if (!WRITTEN.has(layer)) WRITTEN.set(layer, written(layer))
  const paths = WRITTEN.get(layer)
  const path = paths.find(({ regexp }) => (regexp.exec(matched) || [])[0] === matched)
  return path ? path.text : String(layer.regexp)
}

/** The paths of a layer, several where the code gives an array; none unless Express makes the same of them again. */
function written({ regexp, keys, handle, constructor: Layer }) {
  const names = keys.map(({ name }) => name)
  const options = { sensitive: !regexp.ignoreCase, strict: false, end: false }
  const sources = regexp.source.replace(/^\(\?:(\^.*)\)$/, '$1').split(/\|(?=\^)/)
  const paths = sources.map((source) => ({ source, text: reversed(source, names) }))
  try {
    for (const path of paths) path.regexp = new Layer(path.text, options, handle).regexp
  } catch {
    return [] // it was no path
  }
  return paths.every(({ source, regexp: again }) => again.source === source) ? paths : []
}

function reversed(source, names) {
  const path = source.slice(1, source.endsWith(END) ? -END.length : undefined)
  return path
    .replace(PARAMETER, (_, slash, pattern, optional) => {
      const name = names.shift()
      if (pattern === undefined) return '*'
      return `${slash ? '/' : ''}:${name}${ANY.test(pattern) ? '' : pattern}${optional || ''}`
    })
    .replace(/\\([/.])/g, '$1')
}

module.exports = { template }
