import { hasCounts, NO_COUNTS, type TokenCounts, usageLine } from './accounting.ts'
import { defineFormat } from './format.ts'
import { add, count, isGarbled, list, object, text, type Wire } from './wire.ts'

interface TitanSeen {
  operation: 'text_completion' | 'embeddings'
  /** The last that was said of each count. */
  usage: Wire
  ended: boolean
}

/**
 * Amazon Titan text and embeddings on Bedrock: `POST /model/{modelId}/invoke`, one JSON document, and
 * `/invoke-with-response-stream`, whose counts are of all so far. The model is in the path alone.
 *
 * @see https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-titan-text.html
 * @see https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-titan-embed-text.html
 */
export const amazonTitan = defineFormat<TitanSeen>({
  name: 'amazon-titan',
  operation: null,
  matches: ({ data }) => isTitan(object(data)),
  start: () => ({ operation: 'text_completion', usage: {}, ended: false }),
  read(seen, { data, document }) {
    const body = object(data)
    if (!body) return seen
    return {
      operation: isEmbedding(body) ? 'embeddings' : seen.operation,
      usage: { ...seen.usage, ...usageOf(body) },
      ended: seen.ended || document || text(body.completionReason) !== null,
    }
  },
  finish({ operation, usage, ended }) {
    const counts = countsOf(usage)
    const options = { garbled: Object.values(usage).some(isGarbled) }
    return {
      model: null,
      responseId: null,
      operation,
      lines: hasCounts(counts) ? [usageLine(counts, { model: null, final: ended }, options)] : [],
      raw: usage,
    }
  },
})

function isTitan(body: Wire | null): boolean {
  if (!body) return false
  if (typeof body.outputText === 'string') return 'totalOutputTextTokenCount' in body
  return 'inputTextTokenCount' in body && (isEmbedding(body) || Array.isArray(body.results))
}

function isEmbedding(body: Wire): boolean {
  return body.embedding !== undefined || body.embeddingsByType !== undefined
}

function usageOf(body: Wire): Wire {
  const { inputTextTokenCount } = body
  const said = { inputTextTokenCount, totalOutputTextTokenCount: outputOf(body) }
  return Object.fromEntries(Object.entries(said).filter(([, value]) => value !== undefined && value !== null))
}

/** Of a document the sum of its results, of a stream what it says is the total. */
function outputOf(body: Wire): unknown {
  const parts = list(body.results).map((result) => object(result)?.tokenCount)
  if (parts.length === 0) return body.totalOutputTextTokenCount
  return parts.find(isGarbled) ?? add(...parts.map(count))
}

function countsOf(usage: Wire): TokenCounts {
  return {
    ...NO_COUNTS,
    inputTokens: count(usage.inputTextTokenCount),
    outputTokens: count(usage.totalOutputTextTokenCount),
  }
}
