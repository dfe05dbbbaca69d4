import type { UsageUnits } from '../types.ts'
import { NO_COUNTS, type TokenCounts } from './accounting.ts'
import { add, count, isGarbled, isGarbledPart, object, type Wire } from './wire.ts'

/** Counts of an Anthropic usage object, or of one of its iterations. `input_tokens` leaves the cache out. */
export function readAnthropicUsage(usage: Wire): TokenCounts {
  const written = object(usage.cache_creation)
  const cacheWrite1hTokens = count(written?.ephemeral_1h_input_tokens)
  const written5mTokens = count(written?.ephemeral_5m_input_tokens)
  const writtenTokens = isGarbledPart(usage.cache_creation, LIFETIMES) ? null : add(written5mTokens, cacheWrite1hTokens)
  const cacheWriteTokens = count(usage.cache_creation_input_tokens) ?? writtenTokens
  const cacheReadTokens = count(usage.cache_read_input_tokens)
  const uncached = count(usage.input_tokens)
  return {
    ...NO_COUNTS,
    inputTokens: uncached === null || isGarbledCache(usage) ? null : add(uncached, cacheReadTokens, cacheWriteTokens),
    outputTokens: count(usage.output_tokens),
    cacheReadTokens,
    cacheWriteTokens,
    cacheWrite1hTokens,
    reasoningTokens: count(object(usage.output_tokens_details)?.thinking_tokens),
  }
}

const LIFETIMES = ['ephemeral_5m_input_tokens', 'ephemeral_1h_input_tokens']

/** A part of the input that nobody can read leaves its sum unknown. What is written may be told by its lifetimes alone. */
function isGarbledCache({
  cache_read_input_tokens: read,
  cache_creation_input_tokens: written,
  ...usage
}: Wire): boolean {
  const isGarbledWrite =
    isGarbled(written) || (count(written) === null && isGarbledPart(usage.cache_creation, LIFETIMES))
  return isGarbled(read) || isGarbledWrite
}

/** True when something stands in the place of a count, or of a part that counts, that is none. */
export function isGarbledUsage(usage: Wire): boolean {
  const { cache_creation, output_tokens_details, server_tool_use } = usage
  return (
    isGarbledCache(usage) ||
    [usage.input_tokens, usage.output_tokens].some(isGarbled) ||
    isGarbledPart(cache_creation, LIFETIMES) ||
    isGarbledPart(output_tokens_details, ['thinking_tokens']) ||
    isGarbledPart(server_tool_use, ['web_search_requests', 'web_fetch_requests'])
  )
}

/** Anthropic's own tools, billed by use. */
export function readServerTools(usage: Wire): UsageUnits | null {
  const tools = object(usage.server_tool_use)
  const webSearches = count(tools?.web_search_requests)
  const webFetches = count(tools?.web_fetch_requests)
  if (webSearches === null && webFetches === null) return null
  return { ...(webSearches !== null && { webSearches }), ...(webFetches !== null && { webFetches }) }
}
