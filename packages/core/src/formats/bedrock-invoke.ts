import { hasCounts, usageLine } from './accounting.ts'
import { isGarbledUsage, readBedrockUsage } from './bedrock-usage.ts'
import { defineFormat, type FormatHints, type WatchedKey } from './format.ts'
import { object, type Wire } from './wire.ts'

interface InvokeSeen {
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
    object(object(data)?.[METRICS]) !== null || (document && Object.keys(metricsOfHeaders(hints)).length > 0),
  start: (hints) => ({ metrics: metricsOfHeaders(hints), embeds: false }),
  read(seen, { data }) {
    const body = object(data)
    return {
      metrics: object(body?.[METRICS]) ?? seen.metrics,
      embeds: seen.embeds || body?.embedding !== undefined || body?.embeddings !== undefined,
    }
  },
  watch: () => WATCHED,
  finish({ metrics, embeds }) {
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

function metricsOfHeaders({ headers }: FormatHints): Wire {
  const sent = Object.entries(HEADERS).map(([header, name]) => [name, headers.get(header)] as const)
  const metrics = sent.filter(([, value]) => value !== null).map(([name, value]) => [name, numberOf(String(value))])
  return Object.fromEntries(metrics)
}

/** A header that is no number is kept as it is: no count, and yet not absent. */
function numberOf(value: string): number | string {
  return /^\d+$/.test(value) ? Number(value) : value
}
