import { expect, it } from 'vitest'
import { readBody } from '../meter/body.ts'

const message = (usage: unknown) => ({ type: 'message', role: 'assistant', model: 'm', usage })

it('a message of which a count is none is called inconsistent', () => {
  const body = JSON.stringify(message({ input_tokens: 3, output_tokens: -2 }))
  expect(readBody(body).lines).toMatchObject([{ inputTokens: 3, outputTokens: null, consistent: false }])
})

it.each([
  [
    'the split of a cache write',
    message({
      input_tokens: 3,
      cache_creation_input_tokens: 0,
      cache_creation: { ephemeral_1h_input_tokens: '7' },
    }),
  ],
  ['the details of an output', message({ input_tokens: 3, output_tokens_details: { thinking_tokens: 0.5 } })],
  ['the tools of a server', message({ input_tokens: 3, server_tool_use: [] })],
  ['a count of Ollama', { model: 'm', done: true, response: '', prompt_eval_count: 3, eval_count: '7' }],
  ["llama.cpp's timings", { object: 'chat.completion', choices: [], timings: { prompt_n: 3, predicted_n: '7' } }],
  [
    'the characters of a prediction',
    {
      predictions: [{ embeddings: { values: [], statistics: { token_count: 3 } } }],
      metadata: { billableCharacterCount: '7' },
    },
  ],
  [
    "Bedrock's details of a cache",
    {
      output: { message: {} },
      usage: { inputTokens: 3, cacheDetails: [{ ttl: '5m', inputTokens: '7' }] },
      stopReason: 'end_turn',
    },
  ],
  [
    'the split of a cache write behind an OpenAI-compatible endpoint',
    { object: 'chat.completion', usage: { prompt_tokens: 3, cache_creation: { ephemeral_1h_input_tokens: -1 } } },
  ],
])('what stands in %s and is no count makes the line inconsistent', (_, body) => {
  expect(readBody(JSON.stringify(body)).lines).toMatchObject([{ inputTokens: 3, consistent: false }])
})
