export type { NextUsageOptions, RouteContext } from './with-usage.ts'
export { withUsage } from './with-usage.ts'
