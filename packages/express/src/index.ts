export type { FetchHandler } from './fetch-handler.ts'
export { toExpress } from './fetch-handler.ts'
export type { ExpressUsageOptions, UsageMiddleware } from './usage.ts'
export { usage } from './usage.ts'
