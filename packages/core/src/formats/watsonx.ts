import type { UsageLine } from '../types.ts'
import { hasCounts, NO_COUNTS, usageLine } from './accounting.ts'
import { defineFormat } from './format.ts'
import { add, count, isGarbled, list, object, text, type Wire } from './wire.ts'

interface WatsonxSeen {
  model: string | null
  operation: 'text_completion' | 'embeddings' | 'rerank' | null
  /** The highest of each count. */
  input: number | null
  output: number | null
  garbled: boolean
  ended: boolean
}

/**
 * IBM watsonx.ai: `POST /ml/v1/text/generation` and `/ml/v1/text/generation_stream`, JSON or SSE, its embeddings and
 * its reranker. Chat is OpenAI's.
 *
 * Generation counts in `results[]`, embeddings and rankings beside it. In a stream `generated_token_count` is a total so
 * far, and `input_token_count` stands in the first event; the 0 of the others is no count.
 *
 * @see https://cloud.ibm.com/apidocs/watsonx-ai
 */
export const watsonx = defineFormat<WatsonxSeen>({
  name: 'watsonx',
  operation: null,
  matches: ({ data }) => isWatsonx(object(data)),
  start: () => ({ model: null, operation: null, input: null, output: null, garbled: false, ended: false }),
  read(seen, { data, document }) {
    const body = object(data)
    if (!body || !isWatsonx(body)) return seen
    const results = list(body.results).map((result) => object(result) ?? {})
    const places = [body, ...results]
    const input = sum(places, 'input_token_count')
    return {
      model: seen.model ?? text(body.model_id),
      operation: seen.operation ?? operationOf(results[0] ?? {}),
      input: highest(seen.input, input === 0 && !document ? null : input),
      output: highest(seen.output, sum(results, 'generated_token_count')),
      garbled: seen.garbled || places.some(isGarbledPlace),
      ended: results.every(({ stop_reason }) => !/^not_finished$/i.test(text(stop_reason) ?? '')),
    }
  },
  finish(seen, complete) {
    const lines = readLines(seen, complete || seen.ended)
    const raw = { input_token_count: seen.input, generated_token_count: seen.output }
    return { model: seen.model, operation: seen.operation, responseId: null, lines, raw: lines.length > 0 ? raw : null }
  },
})

function isWatsonx(body: Wire | null): boolean {
  if (typeof body?.model_id !== 'string' || !Array.isArray(body.results)) return false
  return 'input_token_count' in body || typeof object(body.results[0])?.generated_text === 'string'
}

function operationOf(result: Wire): WatsonxSeen['operation'] {
  if ('generated_text' in result) return 'text_completion'
  if ('embedding' in result) return 'embeddings'
  return 'score' in result ? 'rerank' : null
}

function sum(places: readonly Wire[], field: string): number | null {
  const counts = places.map((place) => place[field])
  return counts.some(isGarbled) ? null : add(...counts.map(count))
}

function isGarbledPlace({ input_token_count, generated_token_count }: Wire): boolean {
  return isGarbled(input_token_count) || isGarbled(generated_token_count)
}

function highest(one: number | null, other: number | null): number | null {
  return one === null || other === null ? (one ?? other) : Math.max(one, other)
}

function readLines({ model, input, output, garbled }: WatsonxSeen, final: boolean): UsageLine[] {
  const counts = { ...NO_COUNTS, inputTokens: input, outputTokens: output }
  return hasCounts(counts) ? [usageLine(counts, { model, final }, { garbled })] : []
}
