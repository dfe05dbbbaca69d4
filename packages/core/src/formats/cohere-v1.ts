import { readCohereLines } from './cohere-usage.ts'
import { defineFormat } from './format.ts'
import { object, text, type Wire } from './wire.ts'

interface AnswerSeen {
  responseId: string | null
  operation: 'chat' | 'text_completion' | 'classification'
  meta: Wire | null
}

/**
 * Cohere v1: `POST /v1/chat` and `/v1/generate`, JSON, JSON lines or SSE; `/v1/summarize` and `/v1/classify`, JSON.
 *
 * Usage is in `meta`, which a stream sends once, with the whole answer in `stream-end`. No answer names its model.
 *
 * @see https://docs.cohere.com/v1/reference/chat
 * @see https://docs.cohere.com/v1/reference/generate
 * @see https://docs.cohere.com/v1/reference/classify
 */
export const cohereV1 = defineFormat<AnswerSeen>({
  name: 'cohere-v1',
  operation: null,
  matches: ({ data }) => isAnswer(object(data)) || isStreamEvent(object(data)),
  start: ({ path }) => ({
    responseId: null,
    operation: path.endsWith('/generate') ? 'text_completion' : 'chat',
    meta: null,
  }),
  read(seen, { data }) {
    const body = object(data)
    const answer = isAnswer(body) ? body : object(body?.response)
    return {
      responseId: seen.responseId ?? idOf(body) ?? idOf(answer),
      operation: answer ? operationOf(answer) : seen.operation,
      meta: object(answer?.meta) ?? seen.meta,
    }
  },
  finish({ responseId, operation, meta }) {
    const lines = readCohereLines(meta, { model: null, final: true })
    return { model: null, operation, responseId, lines, raw: lines.length > 0 ? meta : null }
  },
})

/** Behind Bedrock the same answers come without `meta`, and are not read here. */
function isAnswer(body: Wire | null): boolean {
  if (!body || !object(body.meta)) return false
  if (Array.isArray(body.generations) || Array.isArray(body.classifications)) return true
  return typeof body.summary === 'string' || (typeof body.text === 'string' && 'generation_id' in body)
}

function isStreamEvent(body: Wire | null): boolean {
  return typeof body?.event_type === 'string' && typeof body.is_finished === 'boolean'
}

function operationOf(answer: Wire): AnswerSeen['operation'] {
  if ('classifications' in answer) return 'classification'
  return 'generations' in answer || 'summary' in answer ? 'text_completion' : 'chat'
}

/** The id that an answer has whole as well as in the first event of its stream. */
function idOf(body: Wire | null): string | null {
  return text(body?.generation_id) ?? text(body?.response_id) ?? text(body?.id)
}
