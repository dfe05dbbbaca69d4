import { UsageError } from './errors.ts'
import { processState } from './process.ts'
import { report } from './report.ts'
import type { UsageStamp } from './stamp.ts'
import { discardedStamps } from './telemetry.ts'
import type { Identity } from './types.ts'
import type { UpstreamCall } from './upstream.ts'

/** One request, for code that stamps it. Stays valid outside the async context, until the request is settled. */
export interface UsageHandle {
  /** Id of the request, shared by its records. */
  readonly requestId: string
  /** `false` once the request is settled: stamps then change nothing, and are counted. */
  readonly open: boolean
  /**
   * Says what this request used. A later stamp replaces the fields it names.
   *
   * @throws UsageError `bad-stamp`, while open, on a count that is negative, fractional, NaN or unsafe; nothing is changed
   */
  stamp(stamp: UsageStamp): void
  /**
   * One more model call inside this request, its own line. Always additional: it hides no other evidence.
   *
   * @throws UsageError `bad-stamp` as `stamp`, and when the line has neither `inputTokens` nor `outputTokens`
   */
  add(line: UsageStamp): void
  /** Who made the request; wins over the `identify` option. `null`: no one, and the fallback user pays. */
  identify(identity: Identity | null): void
  /**
   * For layers that meter calls by themselves, as `meteredFetch` does: what the call used becomes lines of the request.
   *
   * @param above the call that this one is made for, when a layer above meters that; default none
   */
  follow(call: UpstreamCall, above?: UpstreamCall): void
}

/** The request that this code runs in, `undefined` outside any. Keep it for code that leaves the async context. */
export function currentUsage(): UsageHandle | undefined {
  return processState().storage.getStore()
}

/**
 * Says what the current request used: counts, models, ids, tags. Works before the response, in a stream's `pull`, in
 * an async generator body and after the last chunk. Outside any request it does nothing but warn once and be counted.
 *
 * @throws UsageError `bad-stamp`
 */
export function stampUsage(stamp: UsageStamp): void {
  const usage = currentUsage()
  if (usage) usage.stamp(stamp)
  else stampedOutside('stampUsage')
}

/**
 * One more model call inside the current request, its own line. Outside any request as `stampUsage`.
 *
 * @throws UsageError `bad-stamp`
 */
export function addUsage(line: UsageStamp): void {
  const usage = currentUsage()
  if (usage) usage.add(line)
  else stampedOutside('addUsage')
}

/** The handle of a request that nobody meters (`recorder: null`): takes everything, keeps nothing, says nothing. */
export const silentHandle: UsageHandle = {
  requestId: '',
  open: false,
  stamp() {},
  add() {},
  identify() {},
  follow() {},
}

/** Whether the request is one that nobody meters, whichever copy of core says so. */
export function isSilent(usage: UsageHandle): boolean {
  return usage.requestId === silentHandle.requestId
}

function stampedOutside(name: string): void {
  const state = processState()
  discardedStamps('outside')
  if (state.transparent) return
  report(
    state.configuration?.onError,
    new UsageError(
      'stamp-outside-request',
      `[withusage] ${name}() was called outside any request and changed nothing. Wrap the handler in withUsage(), or ` +
        'keep currentUsage() and stamp that where the async context is lost.',
    ),
  )
}
