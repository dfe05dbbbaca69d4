import { UsageError } from './errors.ts'

/**
 * Checks an option that a user gave; `undefined` stands for its default.
 *
 * @throws UsageError `bad-option`
 */
export function checkWholeNumber(name: string, value: unknown, min: number, max = Number.MAX_SAFE_INTEGER): void {
  if (value === undefined) return
  if (Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max) return
  const range = max === Number.MAX_SAFE_INTEGER ? `of at least ${min}` : `from ${min} to ${max}`
  throw new UsageError('bad-option', `[withusage] ${name} must be a whole number ${range}; got ${String(value)}`)
}
