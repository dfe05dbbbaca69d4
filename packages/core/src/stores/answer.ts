import { UsageError } from '../errors.ts'
import { TOKEN_FIELDS, type TokenField } from '../record.ts'
import type { AccountBucket, UsageBucket } from '../types.ts'
import type { AggregatePlan } from './plan.ts'

/** Rows that one answer of `aggregate` may have; more are an error. */
export const MAX_ROWS = 100_000

/** A bucket of the answer that is being made, by its number in the plan's edges. */
export interface UsageCell {
  /** From 0: the bucket `[edges[bucket], edges[bucket + 1])`. */
  bucket: number
  /** The values of `groupBy`; empty without it. */
  group: UsageBucket['group']
  /** What its records add up to. */
  sums: UsageSums
}

/** The numbers of a bucket. */
export type UsageSums = Omit<UsageBucket, 'start' | 'end' | 'group'>

/**
 * The answer to an aggregate query from the cells that have records: empty buckets filled in where there are no groups,
 * in the order of the contract.
 *
 * @throws UsageError `bad-option` past `MAX_ROWS`
 */
export function answerAggregate(plan: AggregatePlan, cells: readonly UsageCell[]): UsageBucket[] {
  if (cells.length > MAX_ROWS) throw tooManyRows()
  const all = plan.groupBy.length === 0 ? withEmptyBuckets(plan, cells) : [...cells].sort(compareCells(plan))
  return all.map(({ bucket, group, sums }) => ({ ...spanOf(plan.edges, bucket), group, ...sums }))
}

function tooManyRows(): UsageError {
  return new UsageError(
    'bad-option',
    `groupBy: the answer has more than ${MAX_ROWS.toLocaleString('en-US')} rows; give a limit, a filter or a longer bucket`,
  )
}

/** Start and end of a bucket, by its number from 0 in the plan's edges. */
export function spanOf(edges: readonly number[], bucket: number): { start: Date; end: Date } {
  return { start: new Date(edges[bucket] as number), end: new Date(edges[bucket + 1] as number) }
}

/** What sorts groups: the tokens of input and output, as far as they are known. */
export function knownTokens(sums: Pick<UsageSums, 'inputTokens' | 'outputTokens'>): number {
  return (sums.inputTokens ?? 0) + (sums.outputTokens ?? 0)
}

/** Orders accounts: by start, then recorded, unrecorded, ignored, then by endpoint and reason. */
export function answerAccount(rows: readonly AccountBucket[]): AccountBucket[] {
  return [...rows].sort(
    (a, b) =>
      a.start.getTime() - b.start.getTime() ||
      ACCOUNT_ORDER[a.account] - ACCOUNT_ORDER[b.account] ||
      compareText(a.endpoint, b.endpoint) ||
      compareText(a.reason, b.reason),
  )
}

const ACCOUNT_ORDER = { recorded: 0, unrecorded: 1, ignored: 2 }

function withEmptyBuckets(plan: AggregatePlan, cells: readonly UsageCell[]): UsageCell[] {
  const filled = new Map(cells.map((cell) => [cell.bucket, cell]))
  return plan.edges
    .slice(0, -1)
    .map((_, bucket) => filled.get(bucket) ?? { bucket, group: {}, sums: { ...EMPTY_BUCKET } })
}

const zeroTokens = Object.fromEntries(TOKEN_FIELDS.map((field) => [field, 0])) as Record<TokenField, number>

const EMPTY_BUCKET: UsageSums = {
  requests: 0,
  modelCalls: 0,
  ...zeroTokens,
  incomplete: 0,
  costNanoUsd: '0',
  providerCostNanoUsd: '0',
}

function compareCells({ groupBy }: AggregatePlan): (a: UsageCell, b: UsageCell) => number {
  return (a, b) =>
    a.bucket - b.bucket || knownTokens(b.sums) - knownTokens(a.sums) || compareGroups(groupBy, a.group, b.group)
}

/** Orders groups of equal tokens: dimension by dimension, the unknown first, then by code point. */
export function compareGroups(
  groupBy: AggregatePlan['groupBy'],
  a: UsageBucket['group'],
  b: UsageBucket['group'],
): number {
  return groupBy.reduce((order, dimension) => order || compareText(a[dimension], b[dimension]), 0)
}

/** Not known comes first; then by code point, as databases compare UTF-8. */
function compareText(a: string | null | undefined, b: string | null | undefined): number {
  if (a === b) return 0
  if (a === null || a === undefined) return -1
  if (b === null || b === undefined) return 1
  let at = 0
  while (at < a.length && a[at] === b[at]) at += 1
  return sortKey(a, at) - sortKey(b, at)
}

/** Lifts surrogates, which stand for the highest code points, above U+FFFF; -1 at the end of the text. */
function sortKey(text: string, at: number): number {
  if (at >= text.length) return -1
  const unit = text.charCodeAt(at)
  return unit >= 0xd800 && unit < 0xe000 ? unit + 0x10000 : unit
}
