import type { UsageLine } from '../types.ts'
import { hasCounts, NO_COUNTS, usageLine } from './accounting.ts'
import { readCohereLines } from './cohere-usage.ts'
import { defineFormat } from './format.ts'
import { readProviderCost } from './provider-cost.ts'
import { count, firstCount, isGarbled, list, object, text, type Wire } from './wire.ts'

interface RankingSeen {
  model: string | null
  responseId: string | null
  classifies: boolean
  /** Cohere's. */
  meta: Wire | null
  /** Everyone else's. */
  usage: Wire | null
}

/**
 * Rerankers: `POST /v1/rerank` and `/v2/rerank`, one JSON document, and the scores and classes of the same servers.
 *
 * Cohere bills `search_units` in `meta`, and SiliconFlow tokens there. Jina, Voyage, Mixedbread, Together, vLLM,
 * llama.cpp, NVIDIA and Alibaba have a `usage` of what was read: the total is the input. A reranker generates nothing;
 * where `completion_tokens` is 0, it is a field of the type that chat has, and no count.
 *
 * @see https://docs.cohere.com/reference/rerank
 * @see https://docs.voyageai.com/reference/reranker-api
 * @see https://jina.ai/reranker
 * @see https://docs.siliconflow.cn/en/api-reference/rerank/create-rerank
 */
export const rerank = defineFormat<RankingSeen>({
  name: 'rerank',
  operation: 'rerank',
  matches: ({ data, document }) => document && isRanking(object(data)),
  start: () => ({ model: null, responseId: null, classifies: false, meta: null, usage: null }),
  read: (_seen, { data }) => {
    const body = object(data)
    return {
      model: text(body?.model),
      responseId: text(body?.id) ?? text(body?.request_id),
      classifies: object(list(body?.data)[0])?.probs !== undefined,
      meta: object(body?.meta),
      usage: object(body?.usage),
    }
  },
  finish({ model, responseId, classifies, meta, usage }) {
    const operation = classifies ? 'classification' : 'rerank'
    const billed = readCohereLines(meta, { model, final: true })
    const lines = billed.length > 0 ? billed : readLines(usage, model)
    return { model, responseId, operation, lines, raw: lines.length === 0 ? null : billed.length > 0 ? meta : usage }
  },
})

function isRanking(body: Wire | null): boolean {
  if (!body || 'choices' in body || 'model_id' in body) return false
  const places = [body.results, object(body.output)?.results, body.data, body.rankings]
  return places.some((results) => isRanked(list(results)[0])) || isBilledSearch(body)
}

/** Which document, and how well it fits. */
function isRanked(entry: unknown): boolean {
  const { index, relevance_score, score, logit, probs } = object(entry) ?? {}
  return count(index) !== null && [relevance_score, score, logit, probs].some((found) => found !== undefined)
}

/** Cohere, where nothing was found. */
function isBilledSearch({ results, meta }: Wire): boolean {
  return Array.isArray(results) && count(object(object(meta)?.billed_units)?.search_units) !== null
}

function readLines(usage: Wire | null, model: string | null): UsageLine[] {
  if (!usage) return []
  const { prompt_tokens, input_tokens, total_tokens, search_units } = usage
  const counts = {
    ...NO_COUNTS,
    inputTokens: firstCount(prompt_tokens, input_tokens, total_tokens),
    totalTokens: count(total_tokens),
  }
  const searchUnits = count(search_units)
  const units = searchUnits === null ? null : { searchUnits }
  const providerCostNanoUsd = readProviderCost(usage)
  if (!hasCounts(counts) && !units && providerCostNanoUsd === null) return []
  const garbled = [prompt_tokens, input_tokens, total_tokens].some(isGarbled)
  return [usageLine(counts, { model, final: true, units, providerCostNanoUsd }, { garbled })]
}
