'use strict'

// The registry of prom-client. A second copy of the package has another one, and whatever a service counts in it would
// be missing from the page.

const client = require('prom-client')

const COPY = /[\\/]prom-client[\\/]index\.js$/

/** prom-client's registry; an Error where the process has loaded two copies of it. */
function oneRegistry() {
  const copies = Object.keys(require.cache).filter((file) => COPY.test(file))
  if (copies.length > 1) {
    throw new Error(
      `oversight-metrics: two copies of prom-client are loaded, and the page would lack the metrics of one: ` +
        `${copies.join(', ')}. Have one (npm ls prom-client; npm dedupe), or give serveMetrics a register.`,
    )
  }
  return client.register
}

module.exports = { oneRegistry }
