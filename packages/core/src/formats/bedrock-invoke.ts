import { hasCounts, usageLine } from './accounting.ts'
import { isGarbledUsage, readBedrockUsage } from './bedrock-usage.ts'
import { defineFormat, type WatchedKey } from './format.ts'
import { object, type Wire } from './wire.ts'

interface InvokeSeen {
  /** Those of the response: read where no event has metrics. */
  headers: Headers
  metrics: Wire | null
  embeds: boolean
}

/** In the last event of a stream. */
const METRICS = 'amazon-bedrock-invocationMetrics'

const WATCHED: readonly WatchedKey[] = [{ key: METRICS }, { key: 'embedding' }, { key: 'embeddings' }]

/** Headers of a document, and what the metrics call the same. */
const HEADERS = {
  'x-amzn-bedrock-input-token-count': 'inputTokenCount',
  'x-amzn-bedrock-output-token-count': 'outputTokenCount',
  'x-amzn-bedrock-cache-read-input-token-count': 'cacheReadInputTokenCount',
  'x-amzn-bedrock-cache-write-input-token-count': 'cacheWriteInputTokenCount',
} as const

/**
 * What Bedrock counts of a model that it invokes: `POST /model/{modelId}/invoke` and `/invoke-with-response-stream`.
 * The body is of the vendor's own format; this is read where that tells no counts, as with Cohere's, Mistral's and
 * AI21's texts, DeepSeek's, most embeddings.
 *
 * @see https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_InvokeModelWithResponseStream.html
 */
export const bedrockInvoke = defineFormat<InvokeSeen>({
  name: 'bedrock-invoke',
  operation: null,
  matches: ({ data, document }, hints) =>
    object(object(data)?.[METRICS]) !== null || (document && metricsOf(hints.headers) !== null),
  start: ({ headers }) => ({ headers, metrics: null, embeds: false }),
  read(seen, { data }) {
    const body = object(data)
    return {
      headers: seen.headers,
      metrics: object(body?.[METRICS]) ?? seen.metrics,
      embeds: seen.embeds || body?.embedding !== undefined || body?.embeddings !== undefined,
    }
  },
  watch: () => WATCHED,
  finish({ headers, metrics: told, embeds }) {
    const metrics = told ?? metricsOf(headers)
    const usage = metrics ?? {}
    const counts = readBedrockUsage(usage)
    const options = { garbled: isGarbledUsage(usage) }
    return {
      model: null,
      responseId: null,
      operation: embeds ? 'embeddings' : null,
      lines: hasCounts(counts) ? [usageLine(counts, { model: null, final: true }, options)] : [],
      raw: metrics,
    }
  },
})

function metricsOf(headers: Headers): Wire | null {
  const sent = Object.entries(HEADERS).filter(([header]) => headers.has(header))
  if (sent.length === 0) return null
  return Object.fromEntries(sent.map(([header, name]) => [name, numberOf(headers.get(header) ?? '')]))
}

/** A header that is no number is kept as it is: no count, and yet not absent. */
function numberOf(value: string): number | string {
  return /^\d+$/.test(value) ? Number(value) : value
}
