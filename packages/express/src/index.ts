export type { ExpressUsageOptions } from './usage.ts'
export { usage } from './usage.ts'
