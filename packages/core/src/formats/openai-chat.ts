import { defineFormat, type WireEvent } from './format.ts'
import { finishCompletion, NOTHING_SEEN, readCompletion } from './openai-completion.ts'
import { list, object } from './wire.ts'

/**
 * OpenAI chat completions: `POST /v1/chat/completions`, JSON or SSE, and the many that copy it.
 *
 * @see https://platform.openai.com/docs/api-reference/chat
 */
export const openaiChat = defineFormat({
  name: 'openai-chat',
  operation: 'chat',
  matches: (event) => isChat(event),
  start: () => NOTHING_SEEN,
  read: readCompletion,
  finish: finishCompletion,
})

/** `object` names it; copies that leave that out (Azure's first chunk, AI21, Copilot) still have choices without text. */
function isChat({ data }: WireEvent): boolean {
  const body = object(data)
  if (!body) return false
  if (typeof body.object === 'string' && body.object.startsWith('chat.completion')) return true
  if (body.object || !Array.isArray(body.choices)) return false
  return list(body.choices).every((choice) => object(choice)?.text === undefined)
}
