export type { DenoUsageOptions, NetAddr, ServeHandler, ServeHandlerInfo } from './with-usage.ts'
export { withUsage } from './with-usage.ts'
