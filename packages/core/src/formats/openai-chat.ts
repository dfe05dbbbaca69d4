import { defineFormat, type WireEvent } from './format.ts'
import { finishCompletion, NOTHING_SEEN, readCompletion, watchCompletion } from './openai-completion.ts'
import { list, object, type Wire } from './wire.ts'

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
  watch: watchCompletion,
  finish: finishCompletion,
})

/** `object` names it; copies that leave that out, or name it otherwise, still have choices with a message or a delta. */
function isChat({ data }: WireEvent): boolean {
  const body = object(data)
  if (!body) return false
  if (typeof body.object === 'string' && body.object.startsWith('chat.completion')) return true
  if (list(body.choices).some((choice) => object(object(choice)?.message) ?? object(object(choice)?.delta))) return true
  return !body.object && isOpening(body)
}

/** Azure opens a stream with a chunk that has no choices and no `object`, only what its filters say. */
function isOpening(body: Wire): boolean {
  return Array.isArray(body.choices) && body.choices.length === 0
}
