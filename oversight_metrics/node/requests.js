'use strict'

// The two metrics of requests. They are counted here and only written by prom-client, which would look each label set
// up twice per request and write its labels anew, line by line, in each scrape.

const { LabelSets, otherRequest, requestLabels } = require('./label-sets')

/** What was observed of one label set. */
class Series {
  constructor(labels, bounds) {
    this.labels = labels
    this.bounds = bounds
    this.buckets = bounds.map(() => 0)
    this.count = 0
    this.sum = 0
    this.bucketLabels = [...bounds, '+Inf'].map((le) => ({ ...labels, le }))
  }

  observe(seconds) {
    const bucket = this.bounds.findIndex((bound) => seconds <= bound)
    if (bucket >= 0) this.buckets[bucket] += 1
    this.count += 1
    this.sum += seconds
  }
}

/** Requests and their durations, of the two families of the contract, registered where prom-client finds them. */
class Requests {
  constructor({ requests, durations, register, over }) {
    const make = ([method, route, status_code]) => new Series({ method, route, status_code }, durations.buckets)
    this.series = new LabelSets({ limit: requests.label_sets, over, make, beyond: otherRequest })
    const counts = () => this.series.all().map(({ labels, count }) => sample(labels, count))
    const times = () => this.series.all().flatMap((one) => lines(durations.name, one))
    const reset = () => this.series.clear()
    register.registerMetric(new Written(requests, counts, reset))
    register.registerMetric(new Written(durations, times, reset))
  }

  observe(method, route, status, seconds) {
    this.series.of(...requestLabels(method, route, status)).observe(seconds)
  }
}

/** A metric as a registry of prom-client takes it. */
class Written {
  constructor({ name, help, type }, values, reset) {
    Object.assign(this, { name, help, type, values, reset })
  }

  async getForPromString() {
    return { name: this.name, help: this.help, type: this.type, aggregator: 'sum', values: this.values() }
  }

  async get() {
    const values = this.values().map(({ sharedLabels, ...sample }) => ({ ...sample, labels: { ...sharedLabels } }))
    return { ...(await this.getForPromString()), values }
  }
}

/** A sample. Of `sharedLabels`, prom-client keeps what it has written. */
function sample(sharedLabels, value, metricName) {
  return { labels: {}, sharedLabels, value, metricName }
}

function lines(name, { labels, buckets, bucketLabels, count, sum }) {
  let below = 0
  const cumulative = buckets.map((bucket, index) => sample(bucketLabels[index], (below += bucket), `${name}_bucket`))
  const infinite = sample(bucketLabels[buckets.length], count, `${name}_bucket`)
  return [...cumulative, infinite, sample(labels, sum, `${name}_sum`), sample(labels, count, `${name}_count`)]
}

module.exports = { Requests }
