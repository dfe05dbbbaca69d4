import { describe, expect, it } from 'vitest'
import { read, SECRET, sse } from './support/run.ts'

const json = (body: unknown) => JSON.stringify(body)
const CHUNK = { object: 'chat.completion.chunk', id: 'c1', model: 'm-1', choices: [{ index: 0, delta: {} }] }

describe('an error that was saved as an answer', () => {
  it.each([
    [
      'OpenAI',
      { error: { message: SECRET, type: 'insufficient_quota', code: 'over' } },
      'type insufficient_quota, code over',
    ],
    ['Anthropic', { type: 'error', error: { type: 'overloaded_error', message: SECRET } }, 'type overloaded_error'],
    [
      'Gemini',
      { error: { code: 429, message: SECRET, status: 'RESOURCE_EXHAUSTED' } },
      'code 429, status RESOURCE_EXHAUSTED',
    ],
    ['Gemini, in the array of a stream', [{ error: { code: 503, message: SECRET } }], 'code 503'],
    ['Mistral', { object: 'error', message: SECRET, type: 'invalid', code: '1000' }, 'type invalid, code 1000'],
    ['Bedrock', { __type: 'aws#ThrottlingException', message: SECRET }, 'type aws#ThrottlingException'],
    [
      'watsonx',
      { errors: [{ code: 'no_model', message: SECRET }], trace: 't', status_code: 404 },
      'code no_model, status_code 404',
    ],
    ['Hugging Face', { error: SECRET, error_type: 'validation' }, 'error_type validation'],
    ['Databricks', { error_code: 'DENIED', message: SECRET }, 'error_code DENIED'],
    [
      'a response that failed',
      { object: 'response', id: 'r1', status: 'failed', error: { code: 'server_error', message: SECRET } },
      'code server_error',
    ],
  ])('is called one, by its own words and without its message: %s', async (_, body, words) => {
    const { code, out, error } = await read(json(body))
    expect({ code, error }).toEqual({ code: 0, error: '' })
    expect(out).toMatch(/^unrecorded: no_usage\n {2}It is an error answer \(/)
    expect(out).toContain(words)
    expect(out).not.toContain(SECRET)
  })

  it.each([
    ['an object', { error: { message: 'You exceeded your quota' } }],
    ['a text', { error: `model "${SECRET}" not found` }],
    ['Cohere', { message: SECRET }],
    ['a web framework', { detail: [{ loc: ['body'], msg: SECRET }] }],
    ['words that are a text', { error: { message: SECRET, code: `${SECRET} is no key` } }],
  ])('is called one where it has no words: %s', async (_, body) => {
    const { code, out } = await read(json(body))
    expect(code).toBe(0)
    expect(out).toContain('  It is an error answer: it tells of no usage')
    expect(out).not.toContain(SECRET)
    expect(out).not.toContain('exceeded')
  })

  it('says its words beside its status', async () => {
    const head =
      'HTTP/1.1 429 Too Many Requests\r\ncontent-type: application/json\r\nx-amzn-errortype: SlowDown:http://aws\r\n\r\n'
    const { code, out } = await read(head + json({ error: { code: 'rate_limit', message: SECRET } }))
    expect(code).toBe(0)
    expect(out).toMatch(/^ignored: status_4xx\n.* It says: code rate_limit, type SlowDown\.\n/)
  })

  it('is told apart from one in mid-stream, before which something was made', async () => {
    const error = { error: { code: 502, message: SECRET } }
    const alone = await read(sse(error))
    const late = await read(sse(CHUNK, error))
    expect(alone.out).toContain('It is an error answer (code 502)')
    expect(late.out).toContain('An error (code 502) ended the stream before it told of its usage')
    expect(alone.out + late.out).not.toContain(SECRET)
  })

  it.each([
    ['no error', { object: 'chat.completion', id: 'c1', choices: [], error: null }],
    ['a message and more', { message: SECRET, mood: 'good' }],
  ])('is not seen in %s', async (_, body) => {
    expect((await read(json(body))).out).not.toContain('error')
  })
})

describe('a request that was saved as an answer', () => {
  it.each([
    ['chat', { model: 'm-1', messages: [{ role: 'user', content: SECRET }] }],
    ['a prompt', { model: 'm-1', prompt: SECRET, stream: false }],
    ['an input', { model: 'm-1', input: [SECRET] }],
    ['Gemini', { contents: [{ parts: [{ text: SECRET }] }] }],
    ['Converse', { messages: [{ role: 'user', content: [{ text: SECRET }] }], inferenceConfig: {} }],
    ['a ranking', { model: 'm-1', query: 'q', documents: [SECRET] }],
  ])('is called one, and is not read: %s', async (_, body) => {
    const { code, out, error } = await read(json(body))
    expect(code).toBe(1)
    expect(out).toContain('  It is a request, as it goes to a model, and no answer.')
    expect(error).toContain('could not be read')
    expect(out + error).not.toContain(SECRET)
  })

  it.each([
    ['an answer that repeats its prompt', { id: 'g1', model: 'm-1', prompt: SECRET, generations: [] }],
    ['a conversation without a model', { messages: [SECRET] }],
  ])('is not seen in %s', async (_, body) => {
    expect((await read(json(body))).out).not.toContain('It is a request')
  })
})

it.each([
  ['nothing', ''],
  ['white space', ' \r\n\n'],
  ['a head alone', 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n'],
])('a body of %s is called empty, and is not read', async (_, saved) => {
  const { code, out } = await read(saved)
  expect(code).toBe(1)
  expect(out).toContain('  It is empty: there is no body')
})
