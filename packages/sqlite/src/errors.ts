import { isUsageError, UsageError } from '@withusage/core'

/** The result codes that say the content itself cannot be stored: TOOBIG, CONSTRAINT, MISMATCH. */
const REFUSED = new Set([18, 19, 20])

/**
 * What a failure of SQLite means to the recorder: content that can never be stored is `record-refused`; a lock, a full
 * disk, a read-only file or any other failure of the moment is `store-unavailable` and worth a retry.
 */
export function storeError(cause: unknown, path: string, doing: string): UsageError {
  if (isUsageError(cause)) return cause
  const code = REFUSED.has(resultCode(cause)) ? 'record-refused' : 'store-unavailable'
  const reason = cause instanceof Error ? cause.message : String(cause)
  return new UsageError(code, `[withusage/sqlite] ${path}: ${doing} failed: ${reason}`, { cause })
}

/** SQLite's primary result code; its extended codes carry it in the lowest byte. 0 when there is none. */
function resultCode(cause: unknown): number {
  const code = (cause as { errcode?: unknown } | null | undefined)?.errcode
  return typeof code === 'number' ? code & 0xff : 0
}
