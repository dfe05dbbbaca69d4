export type { UsageErrorCode } from './errors.ts'
export { isUsageError, UsageError } from './errors.ts'
