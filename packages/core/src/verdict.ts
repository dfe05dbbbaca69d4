import { countsTokens } from './endpoint.ts'
import type { IgnoredReason, Reading, UnrecordedReason } from './types.ts'

/** What is known of a request when it is settled. */
export interface SettledFacts {
  method: string
  path: string
  /** The handler has answered. `false`: it threw, or the request ended while it was at work. */
  answered: boolean
  /** 0 without an answer, or for an error response. */
  status: number
  /** The wrapped function itself threw. */
  threw: boolean
  /** The response has no body: `null`, or an upgrade. */
  bodyless: boolean
  /** What ended it. */
  ending: Ending
  /** `null` when the body was not read. */
  reading: Reading | null
  /** Usage was stamped or added, or calls inside the request were metered. */
  stamped: boolean
}

/** How a response ended: read to its end, by its client or without it, left by its client, broken, or silent for too long. */
export type Ending = 'complete' | 'drained' | 'cancelled' | 'failed' | 'idle_timeout'

export type Verdict =
  /** `bodyCounts`: what the body tells is not paid for elsewhere. */
  | { account: 'recorded'; bodyCounts: boolean }
  | { account: 'unrecorded'; reason: UnrecordedReason }
  | { account: 'ignored'; reason: IgnoredReason }

const ignored = (reason: IgnoredReason): Verdict => ({ account: 'ignored', reason })
const unrecorded = (reason: UnrecordedReason): Verdict => ({ account: 'unrecorded', reason })

/** Which requests count, and as what. */
export function verdictOn(facts: SettledFacts): Verdict {
  const { path, reading, stamped } = facts
  const elsewhere = reading && paidElsewhere(path, reading)
  if (stamped) return { account: 'recorded', bodyCounts: elsewhere === null }
  if (elsewhere) return ignored(elsewhere)
  if (reading && reading.lines.length > 0) return { account: 'recorded', bodyCounts: true }
  return withoutEvidence(facts)
}

function paidElsewhere(path: string, reading: Reading): IgnoredReason | null {
  if (isDeferred(reading)) return 'deferred'
  return isStoredResult(path, reading) ? 'not_inference' : null
}

function withoutEvidence(facts: SettledFacts): Verdict {
  const { method, path, answered, status, threw, bodyless, ending, reading } = facts
  if (threw) return ignored('handler_error')
  if (cannotInfer(method, answered ? status : 200)) return ignored('not_inference')
  if (status >= 300) return ignored(status < 400 ? 'status_3xx' : status < 500 ? 'status_4xx' : 'status_5xx')
  if (bodyless || method === 'GET' || method === 'DELETE' || countsTokens(path)) return ignored('not_inference')
  if (!isWhole(ending)) return unrecorded(ending)
  if (reading && isStoredThread(reading)) return ignored('not_inference')
  return unrecorded(reading?.reason ?? 'no_usage')
}

/** The body was read to its end. */
function isWhole(ending: Ending): ending is 'complete' | 'drained' {
  return ending === 'complete' || ending === 'drained'
}

/** No body that could tell of usage ever comes with these. */
export function cannotInfer(method: string, status: number): boolean {
  return method === 'HEAD' || method === 'OPTIONS' || status < 200 || status === 204 || status === 304
}

/** Made in the background and not finished: its usage comes, or is counted, when it is fetched. */
function isDeferred({ replay, lines }: Reading): boolean {
  return replay !== null && (!replay.billable || lines.length === 0)
}

/** `/v1/responses/resp_123`, fetched or updated: paid for when it was made, unless that was in the background. */
function isStoredResult(path: string, { replay, responseId }: Reading): boolean {
  return replay === null && responseId !== null && path.endsWith(`/${responseId}`)
}

/** Of an assistant's threads, only runs infer: a thread or a message was stored, and runs later. */
function isStoredThread({ format, replay, streamed }: Reading): boolean {
  return format === 'openai-threads' && replay === null && !streamed
}
