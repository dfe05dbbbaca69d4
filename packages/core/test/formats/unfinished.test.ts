import { expect, it } from 'vitest'
import { readBody } from '../meter/body.ts'

const sse = (...events: readonly unknown[]) => events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join('')
const linesOf = (body: string) => readBody(body, { contentType: 'text/event-stream' }).lines

const start = { type: 'message_start', message: { model: 'm', usage: { input_tokens: 9, output_tokens: 1 } } }
const delta = { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 5 } }
const stop = { type: 'message_stop' }

it('a message that ends without having counted its output is not final: its input may have grown', () => {
  expect(linesOf(sse(start, stop))).toMatchObject([{ inputTokens: 9, outputTokens: null, final: false }])
  expect(linesOf(sse(start, delta, stop))).toMatchObject([{ inputTokens: 9, outputTokens: 5, final: true }])
})

it('a message whose output is garbled is not final, and inconsistent', () => {
  const garbled = { ...delta, usage: { output_tokens: '5' } }
  expect(linesOf(sse(start, garbled, stop))).toMatchObject([{ outputTokens: null, final: false, consistent: false }])
})

it('a last chunk of Gemini that says nothing of its usage leaves the count before it a lower bound', () => {
  const chunk = (usageMetadata: unknown, finishReason?: string) => ({
    candidates: [{ content: {}, finishReason }],
    usageMetadata,
  })
  const usage = { promptTokenCount: 9, candidatesTokenCount: 5, totalTokenCount: 14 }
  expect(linesOf(sse(chunk(usage), chunk({}, 'STOP')))).toMatchObject([{ outputTokens: 5, final: false }])
  expect(linesOf(sse(chunk(usage), chunk(usage, 'STOP')))).toMatchObject([{ outputTokens: 5, final: true }])
})
