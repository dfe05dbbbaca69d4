import { defineFormat, type WireEvent } from './format.ts'
import { finishCompletion, NOTHING_SEEN, readCompletion, watchCompletion } from './openai-completion.ts'
import { list, object } from './wire.ts'

/**
 * OpenAI legacy completions: `POST /v1/completions`, JSON or SSE.
 *
 * @see https://platform.openai.com/docs/api-reference/completions
 */
export const openaiCompletions = defineFormat({
  name: 'openai-completions',
  operation: 'text_completion',
  matches: (event) => isTextCompletion(event),
  start: () => NOTHING_SEEN,
  read: readCompletion,
  watch: watchCompletion,
  finish: finishCompletion,
})

function isTextCompletion({ data }: WireEvent): boolean {
  const body = object(data)
  if (!body) return false
  if (body.object === 'text_completion') return true
  return !body.object && list(body.choices).some((choice) => typeof object(choice)?.text === 'string')
}
