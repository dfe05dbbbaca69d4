/**
 * What an adapter of a push-style framework needs: one request's life, opened by the options that `withUsage` takes too.
 * An adapter of a framework on Fetch needs only `withUsage`. Import it as `@withusage/core/adapter-kit`.
 */
export type { Drain } from './drain.ts'
export type { ExchangeRequest, ExchangeResponse } from './exchange.ts'
export type { OpenExchange, Opened } from './open-exchange.ts'
export { exchangeOpener } from './open-exchange.ts'
export type { Ending } from './verdict.ts'
