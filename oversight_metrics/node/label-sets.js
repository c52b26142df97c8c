'use strict'

// Label values and label sets that stay few, whatever a client sends and whatever the code names.

const { fixed } = require('./contract.json')

const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'CONNECT'])
const ERROR = 500
const NOT_ALLOWED = 405

/**
 * Method, route and status of a request as label values; never empty, which Prometheus reads as no label. Of 405 the
 * route does not count, since any client makes one with each route and each method.
 */
function requestLabels(method, route, status) {
  const matched = route !== null && route !== undefined && status !== NOT_ALLOWED
  return [
    METHODS.has(method) ? method : fixed.other_method,
    matched ? route || '/' : fixed.unmatched,
    status >= 100 && status <= 599 ? String(status) : fixed.other,
  ]
}

/** The label set of a request beyond the limit: one for our failures, one for all else. */
const otherRequest = ([, , status]) => [
  fixed.other_method,
  fixed.other,
  status.startsWith('5') ? String(ERROR) : fixed.other,
]

/** The label set of anything else beyond the limit. */
const other = (values) => values.map(() => fixed.other)

/**
 * The series of a metric by their label sets: at most `limit`, and one of `other` for all that come later.
 * `make` gives the series of a label set; `over` is called for each use beyond the limit.
 */
class LabelSets {
  constructor({ limit, make, over, beyond = other }) {
    Object.assign(this, { limit, make, over, beyond, known: new Map(), others: new Map() })
  }

  /** The series of these label values; an empty one, or none, is `other`. */
  of(...values) {
    const series = this.known.get(values.join('\0'))
    if (series !== undefined) return series
    if (this.known.size < this.limit) return this.added(this.known, values)
    this.over()
    const beyond = this.beyond(values)
    return this.others.get(beyond.join('\0')) || this.added(this.others, beyond)
  }

  added(series, values) {
    const made = this.make(values.map((value) => String(value ?? '') || fixed.other))
    series.set(values.join('\0'), made)
    return made
  }

  /** All series, those of `other` too. */
  all() {
    return [...this.known.values(), ...this.others.values()]
  }

  clear() {
    this.known.clear()
    this.others.clear()
  }
}

module.exports = { ERROR, LabelSets, otherRequest, requestLabels }
