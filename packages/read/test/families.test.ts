import { gzipSync } from 'node:zlib'
import { EventStreamCodec } from '@smithy/eventstream-codec'
import { describe, expect, it } from 'vitest'
import { named, read, SECRET, said, sse } from './support/run.ts'

const codec = new EventStreamCodec(
  (bytes) => Buffer.from(bytes as Uint8Array).toString(),
  (text) => Buffer.from(text),
)

function message(type: string, payload: object): Uint8Array {
  const texts = { ':message-type': 'event', ':event-type': type, ':content-type': 'application/json' }
  const headers = Object.fromEntries(
    Object.entries(texts).map(([name, value]) => [name, { type: 'string' as const, value }]),
  )
  return codec.encode({ headers, body: Buffer.from(JSON.stringify(payload)) })
}

const lines = (...events: object[]): string => events.map((event) => `${JSON.stringify(event)}\n`).join('')
const crlf = (head: string): string => head.replaceAll('\n', '\r\n')

interface Saved {
  family: string
  bytes: Uint8Array | string
  options?: string[]
  facts: Record<string, string>
}

const SAVED: Saved[] = [
  {
    family: 'OpenAI chat, a stream',
    bytes: sse(
      {
        object: 'chat.completion.chunk',
        id: 'c1',
        model: 'm-1',
        choices: [{ index: 0, delta: { content: SECRET } }],
        usage: null,
      },
      {
        object: 'chat.completion.chunk',
        id: 'c1',
        model: 'm-1',
        choices: [{ index: 0, delta: {}, finish_reason: 'stop' }],
        usage: null,
      },
      {
        object: 'chat.completion.chunk',
        id: 'c1',
        model: 'm-1',
        choices: [],
        usage: {
          prompt_tokens: 50,
          completion_tokens: 7,
          total_tokens: 57,
          prompt_tokens_details: { cached_tokens: 32 },
        },
      },
      '[DONE]',
    ),
    facts: {
      format: 'openai-chat',
      transport: expect.stringMatching(/^SSE, /),
      model: 'm-1 from model',
      inputTokens: '50 = usage.prompt_tokens 50 in event 3',
      outputTokens: '7 = usage.completion_tokens 7 in event 3',
      totalTokens: '57 = usage.total_tokens 57 in event 3',
      cacheReadTokens: '32 = usage.prompt_tokens_details.cached_tokens 32 in event 3',
      final: expect.stringMatching(/^yes/),
    },
  },
  {
    family: 'an endpoint that shows thoughts only in its total',
    bytes: JSON.stringify({
      object: 'chat.completion',
      choices: [{ index: 0, message: { content: SECRET } }],
      usage: { prompt_tokens: 66, completion_tokens: 6, total_tokens: 100 },
    }),
    facts: {
      inputTokens: '66 = usage.prompt_tokens 66',
      outputTokens: '34 = usage.total_tokens 100 - usage.prompt_tokens 66',
    },
  },
  {
    family: 'OpenAI Responses, as curl -i printed it',
    bytes:
      crlf('HTTP/2 200 \ncontent-type: text/event-stream; charset=utf-8\nx-request-id: r1\n\n') +
      named(
        {
          type: 'response.created',
          response: { id: 'resp_1', object: 'response', status: 'in_progress', usage: null },
        } as { type: string },
        {
          type: 'response.completed',
          response: {
            id: 'resp_1',
            object: 'response',
            status: 'completed',
            model: 'm-2',
            usage: {
              input_tokens: 20,
              output_tokens: 90,
              total_tokens: 110,
              output_tokens_details: { reasoning_tokens: 64 },
            },
          },
        } as { type: string },
      ),
    facts: {
      format: 'openai-responses',
      transport: expect.stringContaining('curl -i: HTTP/2 200'),
      outputTokens: '90 = response.usage.output_tokens 90 in event 2, response.completed',
      reasoningTokens: '64 = response.usage.output_tokens_details.reasoning_tokens 64 in event 2, response.completed',
    },
  },
  {
    family: 'Anthropic, after 100 Continue and a redirect',
    bytes:
      crlf(
        'HTTP/1.1 100 Continue\n\nHTTP/1.1 307 Temporary Redirect\nlocation: /v1/messages\n\nHTTP/1.1 200 OK\ncontent-type: text/event-stream\n\n',
      ) +
      named(
        {
          type: 'message_start',
          message: {
            id: 'msg_1',
            type: 'message',
            model: 'm-3',
            usage: { input_tokens: 10, cache_read_input_tokens: 100, output_tokens: 1 },
          },
        } as { type: string },
        { type: 'content_block_delta', delta: { text: SECRET } } as { type: string },
        { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 25 } } as { type: string },
        { type: 'message_stop' },
      ),
    facts: {
      format: 'anthropic-messages',
      transport: expect.stringContaining('2 earlier heads skipped'),
      inputTokens:
        '110 = message.usage.input_tokens 10 + message.usage.cache_read_input_tokens 100 in event 1, message_start',
      outputTokens: '25 = usage.output_tokens 25 in event 3, message_delta',
      totalTokens: '135 = inputTokens + outputTokens',
    },
  },
  {
    family: 'Gemini, a JSON array',
    bytes: JSON.stringify([
      {
        candidates: [{ content: { parts: [{ text: SECRET }] } }],
        usageMetadata: { promptTokenCount: 8, totalTokenCount: 8 },
      },
      {
        candidates: [{ content: { parts: [{ text: SECRET }] }, finishReason: 'STOP' }],
        usageMetadata: { promptTokenCount: 8, candidatesTokenCount: 4, thoughtsTokenCount: 30, totalTokenCount: 42 },
        modelVersion: 'm-4',
      },
    ]),
    facts: {
      format: 'gemini-generate-content',
      transport: expect.stringMatching(/^JSON array, /),
      outputTokens: '34 = usageMetadata.candidatesTokenCount 4 + usageMetadata.thoughtsTokenCount 30 in event 2',
    },
  },
  {
    family: 'Ollama, JSON lines',
    bytes: lines(
      { model: 'm-5', message: { role: 'assistant', content: SECRET }, done: false },
      { model: 'm-5', message: { role: 'assistant', content: '' }, done: true, prompt_eval_count: 26, eval_count: 11 },
    ),
    facts: {
      format: 'ollama',
      transport: expect.stringMatching(/^JSON lines, /),
      inputTokens: '26 = prompt_eval_count 26 in event 2',
      outputTokens: '11 = eval_count 11 in event 2',
    },
  },
  {
    family: 'Bedrock Converse, an AWS event stream',
    bytes: Buffer.concat([
      message('messageStart', { role: 'assistant' }),
      message('contentBlockDelta', { delta: { text: SECRET }, contentBlockIndex: 0 }),
      message('messageStop', { stopReason: 'end_turn' }),
      message('metadata', { usage: { inputTokens: 12, outputTokens: 3, totalTokens: 35, cacheReadInputTokens: 20 } }),
    ]),
    options: [
      '--url',
      'https://unknown.example/model/m-6/converse-stream',
      '--header',
      'content-type: application/vnd.amazon.eventstream',
    ],
    facts: {
      format: 'bedrock-converse',
      transport: expect.stringMatching(/^AWS event stream, /),
      model: 'm-6',
      inputTokens: '32 = metadata.usage.inputTokens 12 + metadata.usage.cacheReadInputTokens 20 in event 4, metadata',
    },
  },
  {
    family: 'what Bedrock counts in headers',
    bytes: `${crlf('HTTP/1.1 200 OK\ncontent-type: application/json\nx-amzn-bedrock-input-token-count: 9\nx-amzn-bedrock-output-token-count: 4\n\n')}${JSON.stringify({ outputs: [{ text: SECRET }] })}`,
    facts: {
      format: 'bedrock-invoke',
      inputTokens: '9 = header x-amzn-bedrock-input-token-count 9',
      outputTokens: '4 = header x-amzn-bedrock-output-token-count 4',
    },
  },
  {
    family: 'Cohere, compressed',
    bytes: gzipSync(
      JSON.stringify({
        id: 'co_1',
        message: { role: 'assistant', content: [{ type: 'text', text: SECRET }] },
        finish_reason: 'COMPLETE',
        usage: { billed_units: { input_tokens: 5, output_tokens: 6 }, tokens: { input_tokens: 71, output_tokens: 6 } },
      }),
    ),
    facts: {
      format: 'cohere-chat',
      transport: expect.stringMatching(/^JSON, .*gzip decoded$/),
      inputTokens: '5 = usage.billed_units.input_tokens 5',
    },
  },
  {
    family: 'a reranker',
    bytes: JSON.stringify({
      id: 'r1',
      results: [{ index: 0, relevance_score: 0.5 }],
      meta: { billed_units: { search_units: 3 } },
    }),
    facts: { format: 'rerank', 'units.searchUnits': '3 = meta.billed_units.search_units 3' },
  },
  {
    family: 'watsonx, of two results',
    bytes: JSON.stringify({
      model_id: 'm-7',
      results: [
        { generated_text: SECRET, input_token_count: 5, generated_token_count: 2, stop_reason: 'eos_token' },
        { generated_text: SECRET, input_token_count: 6, generated_token_count: 3, stop_reason: 'eos_token' },
      ],
    }),
    facts: {
      format: 'watsonx',
      outputTokens: '5 = results[0].generated_token_count 2 + results[1].generated_token_count 3',
    },
  },
  {
    family: 'what a router charged',
    bytes: JSON.stringify({
      object: 'chat.completion',
      choices: [{ index: 0, message: { content: SECRET } }],
      usage: { prompt_tokens: 4, completion_tokens: 2, total_tokens: 6, cost: 0.00125 },
    }),
    facts: { providerCostNanoUsd: '1250000 = usage.cost 0.00125 × 1000000000' },
  },
]

describe('a saved response', () => {
  it.each(SAVED)('tells which field each count is from: $family', async ({ bytes, options = [], facts }) => {
    const { code, out, error } = await read(bytes, ...options)
    expect({ code, error }).toEqual({ code: 0, error: '' })
    expect(out).toMatch(/^recorded\n/)
    expect(Object.fromEntries(Object.keys(facts).map((name) => [name, said(out, name)]))).toEqual(facts)
    expect(out).not.toContain(SECRET)
  })
})
