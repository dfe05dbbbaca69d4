import type { IgnoredReason, UnrecordedReason, UsageRecord } from '@withusage/core'
import type { Call, Side } from '../client/side.ts'
import type { AdapterServer } from '../test-adapter.ts'

/** What a client does, and what the metered server's books say of it. */
export interface Scenario {
  /** A sentence for the name of its test. */
  title: string
  /** What the client does on one side, and what it saw: the same on both. */
  act(side: Side): Promise<unknown>
  expected: Expected
  /** What must have become of the metered side's requests, even if the bare server does less. */
  afterwards?(metered: Side): Promise<unknown>
  /** It is about how a body is cut on its way, which is compared even where other scenarios must not. */
  isFraming?: true
  /** The bare and the metered base that it is about. Default: those of the server. */
  sides?(server: AdapterServer): readonly [bare: string, metered: string]
}

/** How the requests of a scenario are accounted for. */
export interface Expected {
  /** Requests by account and reason: `{ 'unrecorded no_usage': 1 }`. More than one where adapters rightly differ. */
  accounts: readonly Readonly<Record<string, number>>[]
  /** By `inputTokens`. Not looked at where there are alternatives. */
  records: readonly Partial<UsageRecord>[]
}

/** One record for each of these. */
export function recorded(...records: Partial<UsageRecord>[]): Expected {
  return { accounts: [{ recorded: records.length }], records }
}

export function unrecorded(reason: UnrecordedReason): Expected {
  return { accounts: [{ [`unrecorded ${reason}`]: 1 }], records: [] }
}

/** Ignored for one of these reasons. */
export function ignored(...reasons: IgnoredReason[]): Expected {
  return { accounts: reasons.map((reason) => ({ [`ignored ${reason}`]: 1 })), records: [] }
}

/** One request and its whole response. */
export function exchange(title: string, call: Call, expected: Expected): Scenario {
  return { title, act: (side) => side.exchange(call), expected }
}

/** What a record says of usage that was read in the response, all of it. */
export const READ = {
  evidence: 'body',
  inputTokens: 9,
  outputTokens: 5,
  totalTokens: 14,
  servedModel: 'qwen-7b',
  outcome: 'complete',
  status: 200,
  final: true,
} as const

/** What a record says of usage that was stamped, when all went well. */
export const STAMPED = {
  evidence: 'stamp',
  inputTokens: 21,
  outputTokens: 3,
  totalTokens: 24,
  outcome: 'complete',
  status: 200,
  final: true,
} as const

/** What a record says of usage that was counted before the response broke off. */
export const COUNTED_SO_FAR = { evidence: 'body', inputTokens: 9, outputTokens: 1, status: 200, final: false } as const
