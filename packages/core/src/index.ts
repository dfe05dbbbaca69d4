export { isUsageError, UsageError } from './errors.ts'
export type { UsageErrorCode } from './errors.ts'
