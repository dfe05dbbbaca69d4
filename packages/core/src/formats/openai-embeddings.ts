import { hasCounts, usageLine } from './accounting.ts'
import { defineFormat } from './format.ts'
import { isGarbledUsage, readOpenAiUsage } from './openai-usage.ts'
import { readProviderCost } from './provider-cost.ts'
import { count, list, object, text, type Wire } from './wire.ts'

/**
 * OpenAI embeddings: `POST /v1/embeddings`, one JSON document. There is no completion; Voyage sends the total alone.
 *
 * @see https://platform.openai.com/docs/api-reference/embeddings
 */
export const openaiEmbeddings = defineFormat<Wire>({
  name: 'openai-embeddings',
  operation: 'embeddings',
  matches: ({ data, document }) => document && isEmbeddings(object(data)),
  start: () => ({}),
  read: (_seen, { data }) => {
    const { id, model, usage } = object(data) ?? {}
    return { id, model, usage }
  },
  finish(seen) {
    const model = text(seen.model)
    const usage = object(seen.usage)
    return { model, responseId: text(seen.id), lines: usage ? readLines(usage, model) : [], raw: usage }
  },
})

function isEmbeddings(body: Wire | null): boolean {
  if (body?.object !== undefined && body.object !== 'list') return false
  const data = list(body?.data)
  const first = object(data[0])
  if (first) return isEmbedding(first) || isEmbedding(object(list(first.data)[0]))
  return body?.object === 'list' && Array.isArray(body.data) && data.length === 0 && isPromptUsage(object(body.usage))
}

/** Voyage's embeddings of chunks are lists, one a document, in a list. */
function isEmbedding(entry: Wire | null): boolean {
  return entry?.object === 'embedding' || entry?.embedding !== undefined
}

/** Usage of a prompt alone, which tells an answer without embeddings from any other empty list. */
function isPromptUsage(usage: Wire | null): boolean {
  return count(usage?.prompt_tokens) !== null && usage?.completion_tokens === undefined
}

function readLines(usage: Wire, model: string | null) {
  const sent = readOpenAiUsage(usage)
  if (!hasCounts(sent)) return []
  const counts = { ...sent, inputTokens: sent.inputTokens ?? (sent.outputTokens === null ? sent.totalTokens : null) }
  const rest = { model, final: true, providerCostNanoUsd: readProviderCost(usage) }
  return [usageLine(counts, rest, { garbled: isGarbledUsage(usage) })]
}
