import { readCohereLines } from './cohere-usage.ts'
import { defineFormat } from './format.ts'
import { object, text, type Wire } from './wire.ts'

interface ChatSeen {
  responseId: string | null
  usage: Wire | null
}

/**
 * Cohere v2 chat: `POST /v2/chat`, JSON or SSE. A stream tells its usage once, in `message-end`. No answer names its model.
 *
 * @see https://docs.cohere.com/reference/chat
 * @see https://docs.cohere.com/reference/chat-stream
 */
export const cohereChat = defineFormat<ChatSeen>({
  name: 'cohere-chat',
  operation: 'chat',
  matches: ({ data }) => isMessage(object(data)) || isMessageEvent(object(data)),
  start: () => ({ responseId: null, usage: null }),
  read(seen, { data }) {
    const body = object(data)
    const usage = isMessage(body) ? body?.usage : body?.type === 'message-end' ? object(body.delta)?.usage : null
    return { responseId: seen.responseId ?? text(body?.id), usage: object(usage) ?? seen.usage }
  },
  finish({ responseId, usage }) {
    const lines = readCohereLines(usage, { model: null, final: true })
    return { model: null, responseId, lines, raw: lines.length > 0 ? usage : null }
  },
})

function isMessage(body: Wire | null): boolean {
  return object(body?.message)?.role === 'assistant' && typeof body?.finish_reason === 'string' && !('choices' in body)
}

/** Anthropic writes the same names with underscores. */
function isMessageEvent(body: Wire | null): boolean {
  return (
    typeof body?.type === 'string' &&
    /^(message-(start|end)|(content|tool-call)-(start|delta|end)|tool-plan-delta|citation-(start|end))$/.test(body.type)
  )
}
