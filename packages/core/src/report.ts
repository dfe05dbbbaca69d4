import { isUsageError, UsageError } from './errors.ts'
import { processState } from './process.ts'
import { cleanText } from './text.ts'

/** Told of everything that metering could not do. Never called with prompts, completions or secrets of ours. */
export type OnError = (error: UsageError) => void

const QUIET_MS = 60_000
const LONGEST_LINE = 1_000
/** Mistakes of the program, not events: said once. */
const ONCE: readonly string[] = ['stamp-outside-request', 'configured-twice']

/** Tells the developer, and never throws: an `onError` that fails must not break a response. */
export function report(onError: OnError | undefined, error: UsageError): void {
  try {
    if (onError) hush(onError(error))
    else warn(error)
  } catch {
    // Nothing is left to tell it to.
  }
}

/** A callback that turns out to be asynchronous: what it rejects with has no one to go to, and must end no process. */
export function hush(returned: unknown): void {
  if (returned instanceof Promise) returned.catch(() => {})
}

/** Wraps what metering itself threw. */
export function internalError(where: string, cause: unknown): UsageError {
  return isUsageError(cause)
    ? cause
    : new UsageError('internal', `[withusage] ${where} failed; the response is not affected`, { cause })
}

/** One warning per code and minute, or per process. Of a cause only name and code: its message may hold a secret. */
function warn(error: UsageError): void {
  const { warnings } = processState()
  const seen = warnings.get(error.code)
  const now = Date.now()
  if (seen && (ONCE.includes(error.code) || now - seen.printedAt < QUIET_MS)) {
    seen.heldBack++
    return
  }
  warnings.set(error.code, { printedAt: now, heldBack: 0 })
  const held = seen && seen.heldBack > 0 ? ` (${seen.heldBack} more of this kind since the last warning)` : ''
  const line = `${error.message} [${error.code}]${describe(error.cause)}${held}`
  // biome-ignore lint/suspicious/noConsole: the default of `onError`, which replaces it.
  console.warn(cleanText(line, LONGEST_LINE))
}

function describe(cause: unknown): string {
  try {
    if (!(cause instanceof Error)) return ''
    const words = [cause.name, 'code' in cause ? cause.code : undefined].filter(isWord)
    return words.length > 0 ? `: ${words.join(' ')}` : ''
  } catch {
    return ''
  }
}

/** A name or a code that a program gives: `'ECONNRESET'`. Anyone may write a sentence there, or a line of their own. */
function isWord(value: unknown): value is string {
  return typeof value === 'string' && /^[a-z]\w{0,63}$/i.test(value)
}
