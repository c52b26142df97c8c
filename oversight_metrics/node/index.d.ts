import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Registry } from 'prom-client'

/** One metric of the contract. */
export interface MetricFamily {
  name: string
  type: 'counter' | 'gauge' | 'histogram'
  labels: string[]
  help: string
  /** How many label sets it may have besides those of `other`. */
  label_sets: number
  buckets: number[]
}

export const CONTRACT: MetricFamily[]

/** All metrics of the contract in one registry. */
export class Metrics {
  constructor(register?: Registry)
  readonly register: Registry
  /** A request that is over; the middleware calls this. `route` is a template, null where none matched. */
  observeRequest(request: { method: string; route: string | null; status: number; seconds: number }): void
  /** Measures the query, also one that fails, and gives its result. */
  observeQuery<T>(labels: { operation: string; table: string }, query: () => T | Promise<T>): Promise<T>
  /** A look-up found something. */
  cacheHit(name: string): void
  /** A look-up found nothing. */
  cacheMiss(name: string): void
  /** A figure as it is now. Its name is fixed in the code: each name is a series. */
  setBusinessMetric(name: string, value: number): void
  /** Distinct users within the window (`5m`, `24h`), over all pods: the database counts, one query. */
  setActiveUsers(count: number, labels: { window: string }): void
  /** A transaction came to an end. */
  countTransaction(labels: { type: string; status: 'completed' | 'failed' | 'cancelled' }): void
  /** Revenue, at least 0, in units of the currency (ISO 4217). A refund is a transaction of that type. */
  addRevenue(amount: number, labels: { currency: string }): void
}

/** The process' own metrics, in prom-client's own registry. */
export function ownMetrics(): Metrics

/**
 * Counts and times every request of an Express 4 or 5 application. `resolver` gives the template instead, null for none:
 * so it is for any other framework on Node's http.
 */
export function metricsMiddleware(options?: {
  metrics?: Metrics
  resolver?: (req: IncomingMessage) => string | null | undefined
}): (req: IncomingMessage, res: ServerResponse, next: () => void) => void

/** The same as a plugin of Fastify 4 and 5: `fastify.register(fastifyMetrics)`. */
export function fastifyMetrics(fastify: unknown, options: { metrics?: Metrics }, done: () => void): void

/**
 * Serves /metrics on a port of its own (9464), which no ingress leads to. Without `register` it is that of prom-client,
 * and an Error where the process has loaded two copies of prom-client.
 */
export function serveMetrics(options?: { port?: number; address?: string; register?: Registry }): Server
