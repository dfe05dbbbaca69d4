/**
 * What an adapter of a push-style framework needs: one request's life, opened by the options that `withUsage` takes too.
 * And what a layer needs that meters the calls of an SDK: `runCall`, `rawOf`. An adapter of a framework on Fetch needs only
 * `withUsage`. Import it as `@withusage/core/adapter-kit`.
 */
export type { Drain, Rest } from './drain.ts'
export { readOn } from './drain.ts'
export type { ExchangeRequest, ExchangeResponse } from './exchange.ts'
export { rawOf } from './meter/raw.ts'
export type { OpenExchange, Opened } from './open-exchange.ts'
export { exchangeOpener } from './open-exchange.ts'
export { runCall } from './run-call.ts'
export type { Ending } from './verdict.ts'
