import type { UsageLine } from '../types.ts'
import { hasCounts, type TokenCounts, usageLine } from './accounting.ts'
import { readProviderCost } from './provider-cost.ts'
import { add, count, firstCount, isGarbled, isGarbledPart, object, type Wire } from './wire.ts'

/**
 * The counts of an OpenAI-style usage object, in every spelling that its copies use: chat's `prompt_tokens` and
 * Responses' `input_tokens`, DeepSeek's `prompt_cache_hit_tokens`, Moonshot's `cached_tokens`, Mistral's
 * `num_cached_tokens`, Anthropic's cache fields behind Databricks and LiteLLM.
 *
 * @see https://platform.openai.com/docs/api-reference/chat/object
 */
export function readOpenAiUsage(usage: Wire): TokenCounts {
  const input = firstDetails(usage, INPUT_DETAILS)
  const output = firstDetails(usage, OUTPUT_DETAILS)
  return {
    inputTokens: firstCount(usage.prompt_tokens, usage.input_tokens),
    outputTokens: firstCount(usage.completion_tokens, usage.output_tokens),
    totalTokens: count(usage.total_tokens),
    cacheReadTokens: firstCount(
      input.cached_tokens,
      usage.prompt_cache_hit_tokens,
      usage.cached_tokens,
      usage.num_cached_tokens,
      usage.cache_read_input_tokens,
    ),
    cacheWriteTokens: firstCount(
      input.cache_write_tokens,
      input.cache_creation_input_tokens,
      usage.cache_creation_input_tokens,
    ),
    cacheWrite1hTokens: count(object(usage.cache_creation)?.ephemeral_1h_input_tokens),
    reasoningTokens: firstCount(output.reasoning_tokens, usage.reasoning_tokens),
    inputAudioTokens: count(input.audio_tokens),
    outputAudioTokens: count(output.audio_tokens),
    inputImageTokens: count(input.image_tokens),
    outputImageTokens: count(output.image_tokens),
  }
}

/** The line of such a usage object; none when it tells nothing that is billed. */
export function readOpenAiLines(
  usage: Wire | null,
  rest: Pick<UsageLine, 'model' | 'final'> & Partial<Pick<UsageLine, 'units' | 'serviceTier'>>,
): UsageLine[] {
  if (!usage) return []
  const counts = readOpenAiUsage(usage)
  const providerCostNanoUsd = readProviderCost(usage)
  if (!hasCounts(counts) && !rest.units && providerCostNanoUsd === null) return []
  return [usageLine(counts, { ...rest, providerCostNanoUsd }, { garbled: isGarbledUsage(usage) })]
}

/** The places of an OpenAI-style usage object that are read, beside its details. */
const COUNTS: ReadonlySet<string> = new Set([
  'prompt_tokens',
  'input_tokens',
  'completion_tokens',
  'output_tokens',
  'total_tokens',
  'prompt_cache_hit_tokens',
  'cached_tokens',
  'num_cached_tokens',
  'cache_read_input_tokens',
  'cache_creation_input_tokens',
  'reasoning_tokens',
])
const INPUT_DETAILS = ['prompt_tokens_details', 'prompt_token_details', 'input_tokens_details', 'input_token_details']
const OUTPUT_DETAILS = ['completion_tokens_details', 'output_tokens_details']
const DETAIL_COUNTS = [
  'cached_tokens',
  'cache_write_tokens',
  'cache_creation_input_tokens',
  'reasoning_tokens',
  'audio_tokens',
  'image_tokens',
]

/** The counts that are read in each part of a usage object. */
const PARTS: ReadonlyMap<string, readonly string[]> = new Map([
  ...[...INPUT_DETAILS, ...OUTPUT_DETAILS].map((spelling) => [spelling, DETAIL_COUNTS] as const),
  ['cache_creation', ['ephemeral_1h_input_tokens']],
])

/** True when something stands in one of those places that cannot be there. Asked of the few fields that are there. */
export function isGarbledUsage(usage: Wire): boolean {
  for (const field of Object.keys(usage)) {
    const within = PARTS.get(field)
    if (within ? isGarbledPart(usage[field], within) : COUNTS.has(field) && isGarbled(usage[field])) return true
  }
  return false
}

/** True when a field that nobody here knows counts exactly what the total has beside the parts: it is no thoughts then. */
export function namesRemainder(usage: Wire, { inputTokens, outputTokens, totalTokens }: TokenCounts): boolean {
  const remainder = (totalTokens ?? 0) - (inputTokens ?? 0) - (outputTokens ?? 0)
  return remainder > 0 && Object.keys(usage).some((field) => usage[field] === remainder && !COUNTS.has(field))
}

function firstDetails(usage: Wire, spellings: readonly string[]): Wire {
  for (const spelling of spellings) {
    const details = object(usage[spelling])
    if (details) return details
  }
  return NO_DETAILS
}

const NO_DETAILS: Wire = {}

/** llama.cpp's `timings`, which it sends with or without a usage object: prompt tokens it kept and prompt tokens it read. */
export function readTimings(timings: Wire): Pick<TokenCounts, 'inputTokens' | 'outputTokens' | 'cacheReadTokens'> {
  const kept = count(timings.cache_n)
  const read = count(timings.prompt_n)
  return {
    inputTokens: read === null || isGarbled(timings.cache_n) ? null : add(read, kept),
    outputTokens: count(timings.predicted_n),
    cacheReadTokens: kept,
  }
}
