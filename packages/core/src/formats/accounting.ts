import { SUBSETS, TOKEN_FIELDS, type TokenField } from '../record.ts'
import type { UsageLine } from '../types.ts'
import { add } from './wire.ts'

/** The counts of one model call, as far as they are known. */
export type TokenCounts = Record<TokenField, number | null>

/** Every count unknown: what a format knows is put over it. */
export const NO_COUNTS = Object.fromEntries(TOKEN_FIELDS.map((field) => [field, null])) as Readonly<TokenCounts>

/** How far the counts of a line can be checked against each other. */
export interface SettleOptions {
  /** What only the total shows was generated: thoughts behind an OpenAI-compatible endpoint. Default false. */
  generates?: boolean
  /** A count was sent that is none: no sum can be checked, so the others stand as they were sent. Default false. */
  garbled?: boolean
  /**
   * Other readings that a provider is known to use, for when `sent` misses its total; the more usual first. Default: with
   * one or two kinds of tokens outside their total.
   */
  otherwise?: readonly TokenCounts[]
}

/**
 * Turns counts as sent into inclusive totals. Providers disagree on whether cached, audio and reasoning tokens are
 * inside their totals, so the reading is the one whose parts add up to the total that the provider reports.
 */
export function settleCounts(sent: TokenCounts, options: SettleOptions = {}): TokenCounts & { consistent: boolean } {
  const { otherwise } = options
  if (options.garbled) return uncheckable([sent, ...(otherwise ?? [])])
  if (sent.totalTokens !== null && isConsistent(sent)) return { ...sent, consistent: true }
  const possible = isWhole(sent) ? (otherwise ?? readings(sent)) : []
  const [byTotal, ...others] = possible.filter(isConsistent)
  const settled = byTotal ?? (options.generates ? hiddenOutput(sent) : null) ?? cacheOutside(sent)
  // Two readings that both meet the total: the more usual one, of which nobody can be certain.
  const certain = others.every(
    (other) => partsOf(other) === partsOf(settled) && other.inputTokens === settled.inputTokens,
  )
  return {
    ...settled,
    totalTokens: settled.totalTokens ?? partsOf(settled),
    consistent: certain && isConsistent(settled),
  }
}

/** Only beside both parts does a total tell what they hold: it may as well be the part that was not sent. */
function isWhole({ inputTokens, outputTokens, totalTokens }: TokenCounts): boolean {
  return inputTokens !== null && outputTokens !== null && totalTokens !== null
}

/** Nothing tells which reading is right: what is known is what they all say. */
function uncheckable(possible: readonly TokenCounts[]): TokenCounts & { consistent: boolean } {
  const agreed = TOKEN_FIELDS.map((field) => {
    const [count = null, ...others] = new Set(possible.map((reading) => reading[field]))
    return [field, others.length === 0 ? count : null]
  })
  const counts = Object.fromEntries(agreed) as TokenCounts
  const isSum = counts.inputTokens !== null && counts.outputTokens !== null
  return { ...counts, totalTokens: counts.totalTokens ?? (isSum ? partsOf(counts) : null), consistent: false }
}

/** A line of these counts. */
export function usageLine(
  sent: TokenCounts,
  rest: Pick<UsageLine, 'model' | 'final'> & Partial<Pick<UsageLine, 'units' | 'serviceTier' | 'providerCostNanoUsd'>>,
  options?: SettleOptions,
): UsageLine {
  return { ...settleCounts(sent, options), units: null, serviceTier: null, providerCostNanoUsd: null, ...rest }
}

/** True when there is at least one count. */
export function hasCounts(counts: TokenCounts): boolean {
  return TOKEN_FIELDS.some((field) => counts[field] !== null)
}

/** Field by field; a count that only one of them knows is that one's. */
export function addCounts(one: TokenCounts, other: TokenCounts): TokenCounts {
  const sums = TOKEN_FIELDS.map((field) => [field, add(one[field], other[field])])
  return Object.fromEntries(sums) as TokenCounts
}

/** The readings that are possible, the most usual first: as sent, then with one or two kinds outside their total. */
function readings(sent: TokenCounts): TokenCounts[] {
  const inputs = [
    sent,
    withInput(sent, sent.cacheReadTokens, sent.cacheWriteTokens),
    withInput(sent, sent.cacheReadTokens),
    withInput(sent, sent.cacheWriteTokens),
    withInput(sent, sent.inputAudioTokens),
    withInput(sent, sent.cacheReadTokens, sent.inputAudioTokens),
  ]
  return [...inputs, ...inputs.map((reading) => withOutput(reading, sent.reasoningTokens))]
}

/** Tokens that the provider shows only in its total are output. */
function hiddenOutput(sent: TokenCounts): TokenCounts | null {
  const { inputTokens, outputTokens, totalTokens, reasoningTokens } = sent
  if (inputTokens === null || totalTokens === null || reasoningTokens !== null) return null
  if (inputTokens + (outputTokens ?? 0) >= totalTokens) return null
  const settled = { ...sent, outputTokens: totalTokens - inputTokens }
  return isConsistent(settled) ? settled : null
}

/** More cached tokens than prompt tokens: the cached ones are outside, whatever the total says; it still tells of thoughts. */
function cacheOutside(sent: TokenCounts): TokenCounts {
  if (!exceeds(sent.cacheReadTokens, sent.inputTokens)) return sent
  const reasoned = withOutput(sent, sent.reasoningTokens)
  const output = meetsTotal(reasoned) && !meetsTotal(sent) ? reasoned : sent
  return withInput(output, sent.cacheReadTokens, sent.cacheWriteTokens)
}

function meetsTotal(counts: TokenCounts): boolean {
  return partsOf(counts) === counts.totalTokens
}

function withInput(counts: TokenCounts, ...outside: (number | null)[]): TokenCounts {
  const { inputTokens } = counts
  return inputTokens === null ? counts : { ...counts, inputTokens: add(inputTokens, ...outside) ?? inputTokens }
}

function withOutput(counts: TokenCounts, outside: number | null): TokenCounts {
  const { outputTokens } = counts
  return outputTokens === null ? counts : { ...counts, outputTokens: add(outputTokens, outside) ?? outputTokens }
}

/** The parts add up to the total, where one was sent, and no subset is larger than its total. */
function isConsistent(counts: TokenCounts): boolean {
  const { inputTokens, outputTokens, totalTokens } = counts
  const parts = partsOf(counts)
  const partsKnown = inputTokens !== null || outputTokens !== null
  if (partsKnown && (parts === null || parts !== (totalTokens ?? parts))) return false
  return SUBSETS.every(([subset, total]) => !exceeds(counts[subset], counts[total]))
}

function partsOf({ inputTokens, outputTokens }: TokenCounts): number | null {
  return add(inputTokens, outputTokens)
}

function exceeds(part: number | null, whole: number | null): boolean {
  return part !== null && whole !== null && part > whole
}
