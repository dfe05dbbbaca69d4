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
  const said = readStamp(stamp)
  const merged = { ...before, ...said }
  if (said.tags) merged.tags = mergeTags(before?.tags, said.tags)
  if (before?.servedModel && said.model && !said.servedModel) merged.servedModel = said.model
  checkSubsets(merged)
  return merged
}

/** The fields of a stamp that we know, each looked at once: a getter, or a proxy, may say something else the next time. */
function readStamp(stamp: UsageStamp): UsageStamp {
  const said: Record<string, unknown> = {}
  const keep = (field: string, value: unknown): void => {
    if (value !== undefined) said[field] = value
  }
  for (const field of COUNTS) keep(field, checkedCount(field, stamp[field]))
  for (const field of TEXTS) keep(field, checkedText(field, stamp[field]))
  keep('units', checkedUnits(stamp.units))
  keep('tags', checkedTags(stamp.tags))
  return said
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

function checkedCount(field: string, value: unknown): unknown {
  if (value === undefined || value === null) return value
  if (!Number.isSafeInteger(value) || (value as number) < 0) throw bad(field, value, 'a whole number, not negative')
  return value
}

function checkedText(field: string, value: unknown): unknown {
  if (value !== undefined && value !== null && typeof value !== 'string') throw bad(field, value, 'a string')
  return value
}

const UNITS = ['searchUnits', 'images', 'audioSeconds', 'characters', 'classifications', 'webSearches', 'webFetches']

function checkedUnits(units: unknown): unknown {
  if (units === undefined || units === null) return units
  if (typeof units !== 'object') throw bad('units', units, 'an object')
  const entries = Object.entries(units)
  for (const [name, value] of entries) {
    if (!UNITS.includes(name)) throw bad('units', name, `one of ${UNITS.join(', ')}`)
    if (typeof value !== 'number' || !Number.isFinite(value) || value < 0)
      throw bad(`units.${name}`, value, 'a finite number, not negative')
  }
  return Object.fromEntries(entries)
}

function checkedTags(tags: unknown): unknown {
  if (tags === undefined) return undefined
  if (typeof tags !== 'object' || tags === null) throw bad('tags', tags, 'an object of strings')
  const entries = Object.entries(tags)
  for (const [, value] of entries) if (typeof value !== 'string') throw bad('tags', value, 'an object of strings')
  return Object.fromEntries(entries)
}

/** One past the limit is kept, so that the record counts what it cuts. */
function mergeTags(before: Record<string, string> | undefined, tags: Record<string, string>): Record<string, string> {
  const merged = { ...before, ...tags }
  return Object.fromEntries(Object.entries(merged).slice(0, TEXT_LIMITS.tags + 1))
}

function checkSubsets(stamp: UsageStamp): void {
  checkedCount('the sum of inputTokens and outputTokens', (stamp.inputTokens ?? 0) + (stamp.outputTokens ?? 0))

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
