import { hasCounts, usageLine } from './accounting.ts'
import { defineFormat } from './format.ts'
import { readOpenAiUsage } from './openai-usage.ts'
import { readProviderCost } from './provider-cost.ts'
import { list, object, rawOf, text, type Wire } from './wire.ts'

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
    return { model, responseId: text(seen.id), lines: usage ? readLines(usage, model) : [], raw: rawOf(usage) }
  },
})

function isEmbeddings(body: Wire | null): boolean {
  if (body?.object !== undefined && body.object !== 'list') return false
  const first = object(list(body?.data)[0])
  return first?.object === 'embedding' || first?.embedding !== undefined
}

function readLines(usage: Wire, model: string | null) {
  const sent = readOpenAiUsage(usage)
  if (!hasCounts(sent)) return []
  const counts = { ...sent, inputTokens: sent.inputTokens ?? (sent.outputTokens === null ? sent.totalTokens : null) }
  return [usageLine(counts, { model, final: true, providerCostNanoUsd: readProviderCost(usage) })]
}
