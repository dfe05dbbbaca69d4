import { NO_COUNTS, type TokenCounts } from './accounting.ts'
import { add, count, firstCount, isGarbled, list, object, type Wire } from './wire.ts'

/** The places of each count: Converse's `TokenUsage`, then what InvokeModel and Nova call it. */
const SPELLINGS = {
  uncached: ['inputTokens', 'inputTokenCount'],
  output: ['outputTokens', 'outputTokenCount'],
  total: ['totalTokens'],
  cacheRead: ['cacheReadInputTokens', 'cacheReadInputTokenCount'],
  cacheWrite: ['cacheWriteInputTokens', 'cacheWriteInputTokenCount'],
} as const

type Part = keyof typeof SPELLINGS

/** Counts that Bedrock made. Its input leaves the cache out, its total does not. */
export function readBedrockUsage(usage: Wire): TokenCounts {
  const uncached = countOf(usage, 'uncached')
  const cacheReadTokens = countOf(usage, 'cacheRead')
  const cacheWriteTokens = countOf(usage, 'cacheWrite')
  const isCacheGarbled = isGarbledPart(usage, 'cacheRead') || isGarbledPart(usage, 'cacheWrite')
  return {
    ...NO_COUNTS,
    inputTokens: uncached === null || isCacheGarbled ? null : add(uncached, cacheReadTokens, cacheWriteTokens),
    outputTokens: countOf(usage, 'output'),
    totalTokens: countOf(usage, 'total'),
    cacheReadTokens,
    cacheWriteTokens,
    cacheWrite1hTokens: writtenForAnHour(usage.cacheDetails),
  }
}

/** True when something stands in the place of a count that is none. */
export function isGarbledUsage(usage: Wire): boolean {
  const details = list(usage.cacheDetails)
  return (
    (Object.keys(SPELLINGS) as Part[]).some((part) => isGarbledPart(usage, part)) ||
    details.some((detail) => isGarbled(object(detail)?.inputTokens))
  )
}

function countOf(usage: Wire, part: Part): number | null {
  return firstCount(...SPELLINGS[part].map((name) => usage[name]))
}

function isGarbledPart(usage: Wire, part: Part): boolean {
  return countOf(usage, part) === null && SPELLINGS[part].some((name) => isGarbled(usage[name]))
}

/** `[{ "ttl": "1h", "inputTokens": 10 }]`: what was written to the cache, by how long it is kept. */
function writtenForAnHour(details: unknown): number | null {
  const written = list(details)
    .map(object)
    .filter((detail) => detail?.ttl === '1h')
    .map((detail) => count(detail?.inputTokens))
  return written.includes(null) ? null : add(...written)
}
