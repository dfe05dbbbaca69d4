/** What went wrong, for programs. */
export type UsageErrorCode =
  /** A stamp holds a count that cannot be one. Thrown at the caller; nothing was changed. */
  | 'bad-stamp'
  /** An option or a query is not of the documented form. */
  | 'bad-option'
  /** `identify` threw, or did not answer in time. */
  | 'identify-failed'
  /** A stamp came outside any request, or after its request was settled. */
  | 'stamp-outside-request'
  /** A record breaks an invariant. */
  | 'invariant'
  /** The store can never take this content: it is split from its batch at once. */
  | 'record-refused'
  /** The store failed; worth a retry. */
  | 'store-unavailable'
  /** A record was not stored: refused for good, or the queue was full. */
  | 'record-lost'
  /** The store file was made by a newer version. */
  | 'store-version'
  /** A value from outside was longer than its cap, or more than a bound allows. */
  | 'limit'
  /** `configureUsage` was called again with another configuration. */
  | 'configured-twice'
  /** Metering itself failed. The response is not affected. */
  | 'internal'

const brand = Symbol.for('withusage/error')

/** Every error that withusage throws or gives to `onError`. */
export class UsageError extends Error {
  /** Always `'UsageError'`, also where `instanceof` fails because two copies of core are loaded. */
  override readonly name = 'UsageError'
  /** What went wrong, for programs; `message` is for people and may change. */
  readonly code: UsageErrorCode

  /** @param options.cause what was caught, where something was */
  constructor(code: UsageErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.code = code
    Object.defineProperty(this, brand, { value: true })
  }
}

/** True for a `UsageError` of any copy of core in the process; `code` narrows it to one kind. */
export function isUsageError(error: unknown, code?: UsageErrorCode): error is UsageError {
  return (
    typeof error === 'object' &&
    error !== null &&
    brand in error &&
    (code === undefined || (error as unknown as UsageError).code === code)
  )
}
