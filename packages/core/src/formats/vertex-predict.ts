import type { UsageUnits } from '../types.ts'
import { hasCounts, NO_COUNTS, type TokenCounts, usageLine } from './accounting.ts'
import { defineFormat } from './format.ts'
import { add, count, isGarbled, isGarbledPart, list, object, type Wire } from './wire.ts'

interface PredictSeen {
  /** The counts of the request: `{ inputTokenCount: { totalTokens, totalBillableCharacters }, outputTokenCount: … }`. */
  tokenMetadata: Wire | null
  billableCharacterCount: unknown
  /** Of each text that was embedded: `{ token_count, truncated }`. `null` for a generated answer. */
  statistics: readonly (Wire | null)[] | null
}

/**
 * Vertex predictions: `POST …:predict`, one JSON document. Text embeddings count each text; the answers of older text
 * models have one count for the request. Images and other media (Imagen, Veo, multimodal embeddings) have none.
 *
 * The model is in the path alone.
 *
 * @see https://docs.cloud.google.com/vertex-ai/generative-ai/docs/model-reference/text-embeddings-api
 * @see https://docs.cloud.google.com/vertex-ai/generative-ai/docs/reference/rest/v1/PredictResponse
 */
export const vertexPredict = defineFormat<PredictSeen>({
  name: 'vertex-predict',
  operation: null,
  matches: ({ data, document }) => document && isPrediction(object(data)),
  start: () => ({ tokenMetadata: null, billableCharacterCount: null, statistics: null }),
  read(seen, { data }) {
    const body = object(data)
    return body ? readPrediction(body) : seen
  },
  finish(seen) {
    const { counts, units, garbled } = seen.statistics ? readEmbeddings(seen) : readAnswer(seen)
    const known = hasCounts(counts)
    return {
      model: null,
      responseId: null,
      operation: seen.statistics ? 'embeddings' : 'text_completion',
      lines: known ? [usageLine(counts, { model: null, final: true, units }, { garbled })] : [],
      raw: known ? seen : null,
    }
  },
})

function isPrediction(body: Wire | null): boolean {
  if (!Array.isArray(body?.predictions)) return false
  return object(object(body.metadata)?.tokenMetadata) !== null || isEmbedding(body.predictions[0])
}

function isEmbedding(prediction: unknown): boolean {
  return Array.isArray(object(object(prediction)?.embeddings)?.values)
}

function readPrediction({ predictions, metadata }: Wire): PredictSeen {
  return {
    tokenMetadata: object(object(metadata)?.tokenMetadata),
    billableCharacterCount: object(metadata)?.billableCharacterCount,
    statistics: isEmbedding(list(predictions)[0]) ? list(predictions).map(statisticsOf) : null,
  }
}

function statisticsOf(prediction: unknown): Wire | null {
  return object(object(object(prediction)?.embeddings)?.statistics)
}

interface PredictCounts {
  counts: TokenCounts
  units: UsageUnits | null
  garbled: boolean
}

/** The input is known when it is known of every text. */
function readEmbeddings({ statistics, billableCharacterCount }: PredictSeen): PredictCounts {
  const tokens = list(statistics).map((text) => count(object(text)?.token_count))
  const inputTokens = tokens.includes(null) ? null : add(...tokens)
  return {
    counts: { ...NO_COUNTS, inputTokens },
    units: charactersOf([billableCharacterCount]),
    garbled: isGarbled(billableCharacterCount),
  }
}

function readAnswer({ tokenMetadata }: PredictSeen): PredictCounts {
  const input = object(tokenMetadata?.inputTokenCount)
  const output = object(tokenMetadata?.outputTokenCount)
  return {
    counts: { ...NO_COUNTS, inputTokens: count(input?.totalTokens), outputTokens: count(output?.totalTokens) },
    units: charactersOf([input?.totalBillableCharacters, output?.totalBillableCharacters]),
    garbled: [input, output].some((part) => isGarbledPart(part, ['totalTokens', 'totalBillableCharacters'])),
  }
}

function charactersOf(sent: readonly unknown[]): UsageUnits | null {
  const characters = sent.some(isGarbled) ? null : add(...sent.map(count))
  return characters === null ? null : { characters }
}
