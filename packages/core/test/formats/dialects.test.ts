import { describe, expect, it } from 'vitest'
import { readBody } from '../meter/body.ts'

const json = (body: unknown) => readBody(JSON.stringify(body))
const sse = (...events: readonly string[]) =>
  readBody(events.map((event) => `${event}\n\n`).join(''), { contentType: 'text/event-stream' })
const data = (event: unknown) => `data: ${JSON.stringify(event)}`

const chat = (usage: unknown) => ({ object: 'chat.completion', model: 'm', choices: [], usage })
const chunk = (usage: unknown) => data({ object: 'chat.completion.chunk', choices: [], usage })

describe('what only the total shows', () => {
  const counts = { prompt_tokens: 93, completion_tokens: 402, total_tokens: 1172 }

  it('is output, unless a field that nobody knows counts exactly that', () => {
    expect(json(chat(counts)).lines).toMatchObject([{ outputTokens: 1079, consistent: true }])
    const named = { ...counts, guardrails_tokens: 677 }
    expect(json(chat(named)).lines).toMatchObject([{ outputTokens: 402, totalTokens: 1172, consistent: false }])
  })
})

describe('an error in a stream', () => {
  const usage = { prompt_tokens: 5, completion_tokens: 6, total_tokens: 11 }

  it.each([
    ['of which nothing is JSON', 'event: error\ndata: upstream timeout'],
    ['whose object says so', data({ object: 'error', message: 'no', type: 'BadRequestError', code: 400 })],
  ])('%s leaves the counts before it a lower bound', (_, error) => {
    const reading = sse(chunk(usage), error, 'data: [DONE]')
    expect(reading).toMatchObject({ interrupted: true, lines: [{ outputTokens: 6 }] })
  })
})

describe('Anthropic', () => {
  const start = (usage: unknown) => data({ type: 'message_start', message: { model: 'm', usage } })
  const delta = (usage: unknown) => data({ type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage })
  const stop = data({ type: 'message_stop' })

  it('counts no iteration that was listed before there was output', () => {
    const placeholder = { input_tokens: 9, output_tokens: 1 }
    const begun = start({ ...placeholder, iterations: [{ type: 'message', ...placeholder }] })
    expect(sse(begun, delta({ output_tokens: 20 }), stop).lines).toMatchObject([{ inputTokens: 9, outputTokens: 20 }])
  })
})

it('a Responses stream has ended with its last event, whatever state the response in it has kept', () => {
  const usage = { input_tokens: 5, output_tokens: 6, total_tokens: 11 }
  const event = (type: string) => data({ type, response: { object: 'response', status: 'in_progress', usage } })
  expect(sse(event('response.completed')).lines).toMatchObject([{ outputTokens: 6, final: true }])
  expect(sse(event('response.in_progress')).lines).toEqual([])
})

it('a transcript of Mistral is known by the seconds that it bills', () => {
  const usage = { prompt_audio_seconds: 3, prompt_tokens: 5, completion_tokens: 6, total_tokens: 386 }
  expect(json({ model: 'voxtral', text: 'Hi', language: 'en', usage })).toMatchObject({
    format: 'openai-transcription',
  })
  expect(json({ model: 'voxtral', text: 'Hi', usage: { prompt_tokens: 5 } }).format).toBeNull()
})
