import { expect, it } from 'vitest'
import { readBody } from '../meter/body.ts'

it('a message of which a count is none is called inconsistent', () => {
  const usage = { input_tokens: 3, output_tokens: -2 }
  const body = JSON.stringify({ type: 'message', role: 'assistant', model: 'm', usage })
  expect(readBody(body).lines).toMatchObject([{ inputTokens: 3, outputTokens: null, consistent: false }])
})
