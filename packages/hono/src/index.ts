export type { HonoUsageOptions } from './usage.ts'
export { usage } from './usage.ts'
