export type { UsageMiddleware, UsageMiddlewareOptions } from './usage-middleware.ts'
export { usageMiddleware } from './usage-middleware.ts'
