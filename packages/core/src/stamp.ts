import { UsageError } from './errors.ts'
import { SUBSETS, TOKEN_FIELDS } from './record.ts'
import { TEXT_LIMITS } from './text.ts'
import type { TokenUsage } from './types.ts'

/**
 * What a handler knows about its own model call. Every field may be left out; `undefined` is left out too. A stamp with
 * `inputTokens` or `outputTokens` is evidence of usage; facts alone (models, ids, tags) are not.
 */
export interface UsageStamp extends Partial<TokenUsage> {
  /** The model that served the call; short for `servedModel`. */
  model?: string
  /** What the client asked for: `'auto'`. */
  requestedModel?: string
  /** The model that served the call. */
  servedModel?: string
  /** Prompt tokens before a filter changed the prompt. */
  preFilterInputTokens?: number
  /** Prompt tokens after the filter. */
  postFilterInputTokens?: number
  /** Prompt tokens that were really evaluated. */
  prefillTokens?: number
  /** Tokens drafted by speculative decoding. */
  draftTokens?: number
  /** OpenTelemetry's `gen_ai.operation.name`. */
  operation?: string
  /** OpenTelemetry's `gen_ai.provider.name`. */
  provider?: string
  /** Wins over the `x-correlation-id` of the response and of the request. */
  correlationId?: string
  /** The provider's id of the response. */
  responseId?: string
  /** Words of your own, added to those of the identity and of earlier stamps. */
  tags?: Record<string, string>
}

const COUNTS = [
  ...TOKEN_FIELDS,
  'providerCostNanoUsd',
  'preFilterInputTokens',
  'postFilterInputTokens',
  'prefillTokens',
  'draftTokens',
] as const

const TEXTS = [
  'model',
  'requestedModel',
  'servedModel',
  'operation',
  'provider',
  'correlationId',
  'responseId',
  'serviceTier',
] as const

/**
 * The earlier stamp with the fields that the later one names.
 *
 * @throws UsageError `bad-stamp`, and nothing is changed: `before` is never written to
 */
export function mergeStamp(before: UsageStamp | null, stamp: UsageStamp): UsageStamp {
  if (typeof stamp !== 'object' || stamp === null) throw bad('a stamp', stamp, 'an object')
  for (const field of COUNTS) checkCount(field, stamp[field])
  for (const field of TEXTS) checkText(field, stamp[field])
  checkUnits(stamp.units)
  checkTags(stamp.tags)
  const merged = { ...before, ...defined(stamp) }
  if (stamp.tags) merged.tags = mergeTags(before?.tags, stamp.tags)
  if (stamp.units) merged.units = { ...stamp.units }
  if (before?.servedModel && stamp.model && !stamp.servedModel) merged.servedModel = stamp.model
  checkSubsets(merged)
  return merged
}

/** True when the stamp says how many tokens were used. */
export function isEvidence(stamp: UsageStamp | null): stamp is UsageStamp {
  return stamp !== null && (typeof stamp.inputTokens === 'number' || typeof stamp.outputTokens === 'number')
}

/** The counts of a stamp that is evidence, as a line of usage. */
export function stampedUsage(stamp: UsageStamp): TokenUsage {
  const count = (field: (typeof TOKEN_FIELDS)[number]): number | null => stamp[field] ?? null
  const inputTokens = count('inputTokens')
  const outputTokens = count('outputTokens')
  return {
    inputTokens,
    outputTokens,
    totalTokens: count('totalTokens') ?? (inputTokens ?? 0) + (outputTokens ?? 0),
    cacheReadTokens: count('cacheReadTokens'),
    cacheWriteTokens: count('cacheWriteTokens'),
    cacheWrite1hTokens: count('cacheWrite1hTokens'),
    reasoningTokens: count('reasoningTokens'),
    inputAudioTokens: count('inputAudioTokens'),
    outputAudioTokens: count('outputAudioTokens'),
    inputImageTokens: count('inputImageTokens'),
    outputImageTokens: count('outputImageTokens'),
    units: stamp.units ?? null,
    serviceTier: stamp.serviceTier ?? null,
    providerCostNanoUsd: stamp.providerCostNanoUsd ?? null,
  }
}

function defined<T extends object>(stamp: T): T {
  return Object.fromEntries(Object.entries(stamp).filter(([, value]) => value !== undefined)) as T
}

function checkCount(field: string, value: unknown): void {
  if (value === undefined || value === null) return
  if (!Number.isSafeInteger(value) || (value as number) < 0) throw bad(field, value, 'a whole number, not negative')
}

function checkText(field: string, value: unknown): void {
  if (value !== undefined && value !== null && typeof value !== 'string') throw bad(field, value, 'a string')
}

const UNITS = ['searchUnits', 'images', 'audioSeconds', 'characters', 'classifications', 'webSearches', 'webFetches']

function checkUnits(units: unknown): void {
  if (units === undefined || units === null) return
  if (typeof units !== 'object') throw bad('units', units, 'an object')
  for (const [name, value] of Object.entries(units)) {
    if (!UNITS.includes(name)) throw bad('units', name, `one of ${UNITS.join(', ')}`)
    if (typeof value !== 'number' || !Number.isFinite(value) || value < 0)
      throw bad(`units.${name}`, value, 'a finite number, not negative')
  }
}

function checkTags(tags: unknown): void {
  if (tags === undefined) return
  if (typeof tags !== 'object' || tags === null) throw bad('tags', tags, 'an object of strings')
  for (const value of Object.values(tags))
    if (typeof value !== 'string') throw bad('tags', value, 'an object of strings')
}

/** One past the limit is kept, so that the record counts what it cuts. */
function mergeTags(before: Record<string, string> | undefined, tags: Record<string, string>): Record<string, string> {
  const merged = { ...before, ...tags }
  return Object.fromEntries(Object.entries(merged).slice(0, TEXT_LIMITS.tags + 1))
}

function checkSubsets(stamp: UsageStamp): void {
  checkCount('the sum of inputTokens and outputTokens', (stamp.inputTokens ?? 0) + (stamp.outputTokens ?? 0))

  for (const [subset, total] of SUBSETS) {
    const part = stamp[subset]
    const whole = stamp[total]
    if (typeof part === 'number' && typeof whole === 'number' && part > whole)
      throw bad(subset, part, `at most ${total} (${whole}), of which it is a part`)
  }
}

/** Says what was seen by type only, unless it is a number: a stamp may hold text that is not ours to log. */
function bad(field: string, value: unknown, wanted: string): UsageError {
  const seen = typeof value === 'number' ? String(value) : value === null ? 'null' : `a ${typeof value}`
  return new UsageError('bad-stamp', `[withusage] ${field} must be ${wanted}; got ${seen}. Nothing was stamped.`)
}
