import type { Outcome } from '@withusage/core'
import type { Stage } from './stage.ts'
import type { UpstreamCall } from './upstream.ts'

/** What was seen of one ending. */
export interface Seen {
  /**
   * How the request was accounted for: `'recorded'`, `'unrecorded cancelled'`; `'in flight'` when nothing has settled it;
   * `'recorded, late'` when that was not while its client waited, but when it left.
   */
  account: string
  /** The record's; `null` without one. */
  outcome: Outcome | null
  /** Input and output tokens of the record: `'9 + 1'`; `null` without one. */
  tokens: string | null
  /** What became of the call to the upstream: `'cut off after 0 more chunks'`. */
  upstream: string
}

/** One way in which a request ends, and what must be seen of it. */
export interface EndingScenario {
  /** A sentence for the name of its test. */
  title: string
  /** Plays it. Returns what became of the upstream's call. */
  act(stage: Stage): Promise<string>
  /** What may be seen: more than one where servers rightly differ. */
  allowed: readonly Seen[]
  /** Where its handler is mounted. Default `'metered'`. */
  mount?: 'impatient' | 'draining'
}

/** Counted to its end. */
export const WHOLE = { account: 'recorded', outcome: 'complete', tokens: '9 + 5' } as const

/** Left after the first event, which counts. */
export const LEFT = { account: 'recorded', outcome: 'cancelled', tokens: '9 + 1' } as const

/** Broken after the first event, which counts. */
export const BROKEN = { account: 'recorded', outcome: 'failed', tokens: '9 + 1' } as const

/** Nothing was known when it ended. */
export const unknown = (reason: string) => ({ account: `unrecorded ${reason}`, outcome: null, tokens: null }) as const

export const CUT_OFF = 'cut off after 0 more chunks'

/** As `Seen` words it. */
export async function cutOff(upstream: UpstreamCall): Promise<string> {
  const more = await upstream.untilCutOff()
  if (upstream.end === 'ended') return 'ended'
  return more === null ? 'not cut off' : `cut off after ${more} more chunks`
}
