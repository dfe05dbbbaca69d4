import { testFormat } from '@withusage/testing'
import { describe, expect, it } from 'vitest'
import { createMeter } from '../../src/meter/create-meter.ts'
import type { Reading } from '../../src/types.ts'
import { bytesOf } from '../meter/body.ts'

testFormat({
  format: 'bedrock-invoke',
  operation: null,
  fixtures: new URL('../fixtures/bedrock-invoke/', import.meta.url),
  createMeter,
})

const HEADERS = { 'x-amzn-bedrock-input-token-count': '7', 'x-amzn-bedrock-output-token-count': '335' }

function readInvoked(body: unknown, headers: Record<string, string> = HEADERS): Reading {
  const meter = createMeter({ headers: new Headers({ 'content-type': 'application/json', ...headers }) })
  meter.write(bytesOf(JSON.stringify(body)))
  return meter.end()
}

describe('what Bedrock counts in headers', () => {
  it.each([
    ['AI21 Jurassic', { id: 1234, prompt: { text: 'Hi' }, completions: [{ data: { text: 'Hello' } }] }],
    ['Anthropic text completions', { completion: ' Hello', stop_reason: 'stop_sequence', stop: '\n\nHuman:' }],
    [
      'Cohere Command',
      { id: 'g1', generations: [{ id: 'g2', text: 'Hello', finish_reason: 'COMPLETE' }], prompt: 'Hi' },
    ],
    ['Cohere Command R', { response_id: 'r1', generation_id: 'g1', text: 'Hello', finish_reason: 'COMPLETE' }],
    ['DeepSeek', { choices: [{ text: 'Hello', stop_reason: 'stop' }] }],
    ['Mistral', { outputs: [{ text: 'Hello', stop_reason: 'stop' }] }],
    [
      'Mistral chat',
      { choices: [{ index: 0, message: { role: 'assistant', content: 'Hello' }, stop_reason: 'stop' }] },
    ],
    ['TwelveLabs Pegasus', { message: 'Hello', finishReason: 'stop' }],
    ['a model of the Marketplace', [{ generated_text: 'Hello' }]],
  ])('is read where the body tells none: %s', (_vendor, body) => {
    expect(readInvoked(body)).toMatchObject({
      format: 'bedrock-invoke',
      lines: [{ inputTokens: 7, outputTokens: 335, totalTokens: 342, cacheReadTokens: null, final: true }],
    })
  })

  it.each([
    ['Cohere', { id: 'e1', embeddings: [[0.25]], response_type: 'embeddings_floats', texts: ['hi'] }],
    ['Cohere v4', { id: 'e1', embeddings: { float: [[0.25]] }, response_type: 'embeddings_by_type', texts: ['hi'] }],
    ['Nova', { embeddings: [{ embeddingType: 'TEXT', embedding: [0.25] }] }],
    ['TwelveLabs Marengo', { data: [{ embedding: [0.25], embeddingOption: 'visual' }] }],
  ])('of embeddings is of the input alone: %s', (_vendor, body) => {
    expect(readInvoked(body, { 'x-amzn-bedrock-input-token-count': '19' })).toMatchObject({
      operation: 'embeddings',
      lines: [{ inputTokens: 19, outputTokens: null, totalTokens: 19, final: true }],
    })
  })

  it('leaves the cache out of the input', () => {
    const cached = {
      'x-amzn-bedrock-cache-read-input-token-count': '9511',
      'x-amzn-bedrock-cache-write-input-token-count': '0',
    }
    expect(readInvoked({ outputs: [] }, { ...HEADERS, ...cached }).lines).toMatchObject([
      { inputTokens: 9518, outputTokens: 335, cacheReadTokens: 9511, cacheWriteTokens: 0, consistent: true },
    ])
  })

  it('gives way to what the body counts', () => {
    const answered = readInvoked({ inputTextTokenCount: 13, results: [{ tokenCount: 4, outputText: '42' }] })
    expect(answered).toMatchObject({ format: 'amazon-titan', lines: [{ inputTokens: 13, outputTokens: 4 }] })
  })

  it('keeps what the body says beside counts', () => {
    const body = { id: 'c1', object: 'chat.completion', model: 'pixtral', choices: [{ message: { content: 'Hi' } }] }
    expect(readInvoked(body)).toMatchObject({
      operation: 'chat',
      model: 'pixtral',
      responseId: 'c1',
      lines: [{ model: 'pixtral', inputTokens: 7, outputTokens: 335 }],
    })
  })

  it.each(['', '-1', '1.5', '1e3', 'NaN', '7, 7', '9007199254740993'])('is unknown when it says %j', (value) => {
    const header = (name: string) => ({ ...HEADERS, [`x-amzn-bedrock-${name}-token-count`]: value })
    const [input] = readInvoked({ outputs: [] }, header('input')).lines
    expect(input).toMatchObject({ inputTokens: null, outputTokens: 335, consistent: false })
    const [cache] = readInvoked({ outputs: [] }, header('cache-read-input')).lines
    expect(cache).toMatchObject({ inputTokens: null, outputTokens: 335, cacheReadTokens: null, consistent: false })
  })

  it('says nothing of a body that cannot be read', () => {
    const meter = createMeter({ headers: new Headers({ 'content-type': 'application/json', ...HEADERS }) })
    meter.write(bytesOf('{"outputs":[{"text":"Hel'))
    expect(meter.end()).toMatchObject({ lines: [], reason: 'unreadable_body' })
  })
})

describe('what Bedrock counts in the last event of a stream', () => {
  const METRICS = { inputTokenCount: 13, outputTokenCount: 7 }

  function readEvents(events: readonly unknown[]): Reading {
    const meter = createMeter({ headers: new Headers({ 'content-type': 'application/x-ndjson' }) })
    meter.write(bytesOf(events.map((event) => JSON.stringify(event)).join('\n')))
    return meter.end()
  }

  it('gives way to what the body counts', () => {
    const usage = { inputTokens: 13, outputTokens: 8 }
    const reading = readEvents([
      { messageStart: { role: 'assistant' } },
      { metadata: { usage }, 'amazon-bedrock-invocationMetrics': METRICS },
    ])
    expect(reading).toMatchObject({ format: 'bedrock-converse', lines: [{ inputTokens: 13, outputTokens: 8 }] })
  })

  it('is read where a known format tells none', () => {
    const chunk = { object: 'chat.completion.chunk', model: 'qwen3', choices: [{ index: 0, delta: { content: 'Hi' } }] }
    const last = { ...chunk, 'amazon-bedrock-invocationMetrics': METRICS }
    expect(readEvents([chunk, last])).toMatchObject({
      format: 'bedrock-invoke',
      operation: 'chat',
      model: 'qwen3',
      lines: [{ model: 'qwen3', inputTokens: 13, outputTokens: 7, final: true }],
    })
  })
})
