import { defineFormat } from './format.ts'
import { readOpenAiLines } from './openai-usage.ts'
import { list, object, text, type Wire } from './wire.ts'

interface ModerationSeen {
  model: string | null
  responseId: string | null
  usage: Wire | null
}

/**
 * Moderations: `POST /v1/moderations` and `/v1/chat/moderations`, one JSON document. OpenAI's are free and tell of no
 * usage; Mistral's count tokens, of which the total shows more than the parts.
 *
 * @see https://platform.openai.com/docs/api-reference/moderations
 * @see https://docs.mistral.ai/api/endpoint/classifiers
 */
export const openaiModeration = defineFormat<ModerationSeen>({
  name: 'openai-moderation',
  operation: null,
  matches: ({ data, document }) => document && isModeration(object(data)),
  start: () => ({ model: null, responseId: null, usage: null }),
  read: (_seen, { data }) => {
    const body = object(data)
    return { model: text(body?.model), responseId: text(body?.id), usage: object(body?.usage) }
  },
  finish({ model, responseId, usage }) {
    const lines = readOpenAiLines(usage, { model, final: true })
    return { model, responseId, lines, raw: lines.length > 0 ? usage : null }
  },
})

function isModeration(body: Wire | null): boolean {
  const result = object(list(body?.results)[0])
  return object(result?.categories) !== null && object(result?.category_scores) !== null
}
