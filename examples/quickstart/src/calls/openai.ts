import OpenAI from 'openai'
import { keys } from '../keys.ts'
import { type Call, type Connection, complete, counts, type Models, noUsage, type Told } from './call.ts'

const chatEndpoint = '/v1/chat/completions'
const messages = [{ role: 'user' as const, content: 'Who wrote the first program?' }]

export function openaiCalls({ openai: model, openaiEmbedding }: Models): Call[] {
  return [
    ...(model ? [...chatCalls(model), ...responsesCalls(model)] : []),
    ...(openaiEmbedding ? [embeddingCall(openaiEmbedding)] : []),
  ]
}

export const openaiClient = ({ url, secret, correlationId }: Connection) =>
  new OpenAI({
    baseURL: `${url}/v1`,
    apiKey: secret,
    maxRetries: 0,
    defaultHeaders: { 'x-correlation-id': correlationId },
  })

const chatCalls = (model: string): Call[] => [
  {
    name: 'openai chat',
    endpoint: chatEndpoint,
    streamed: false,
    key: keys.adaLaptop,
    expect: complete,
    send: async (connection) => toldByChat(await openaiClient(connection).chat.completions.create({ model, messages })),
  },
  {
    name: 'openai chat, streamed',
    endpoint: chatEndpoint,
    streamed: true,
    key: keys.grace,
    expect: complete,
    send: (connection) => streamChat(connection, model, true),
  },
  {
    name: 'openai chat, streamed without include_usage',
    endpoint: chatEndpoint,
    streamed: true,
    key: keys.grace,
    expect: noUsage,
    send: (connection) => streamChat(connection, model, false),
  },
]

const responsesCalls = (model: string): Call[] => [
  {
    name: 'openai responses',
    endpoint: '/v1/responses',
    streamed: false,
    key: keys.adaScript,
    expect: complete,
    send: async (connection) => {
      const response = await openaiClient(connection).responses.create({ model, input: 'Say hello.' })
      return toldByResponse(response)
    },
  },
  {
    name: 'openai responses, streamed',
    endpoint: '/v1/responses',
    streamed: true,
    key: keys.edsger,
    expect: complete,
    send: async (connection) => {
      const events = await openaiClient(connection).responses.create({ model, input: 'Say hello.', stream: true })
      let told: Told | null = null
      for await (const event of events) if (event.type === 'response.completed') told = toldByResponse(event.response)
      return told
    },
  },
]

const embeddingCall = (model: string): Call => ({
  name: 'openai embeddings',
  endpoint: '/v1/embeddings',
  streamed: false,
  key: keys.adaScript,
  expect: complete,
  send: async (connection) => {
    const response = await openaiClient(connection).embeddings.create({ model, input: 'one vector, please' })
    const { prompt_tokens, total_tokens } = response.usage
    return { model: response.model, counts: counts({ inputTokens: prompt_tokens, totalTokens: total_tokens }) }
  },
})

/** What the mock cannot say: cached and reasoning tokens. */
export const reasoningCall: Call = {
  name: 'openai chat, cached and reasoning tokens',
  endpoint: chatEndpoint,
  streamed: false,
  key: keys.edsger,
  expect: complete,
  send: async (connection) =>
    toldByChat(await openaiClient(connection).chat.completions.create({ model: 'gpt-5.4', messages })),
}

async function streamChat(connection: Connection, model: string, includeUsage: boolean): Promise<Told | null> {
  const options = includeUsage ? { stream_options: { include_usage: true } } : {}
  const chunks = await openaiClient(connection).chat.completions.create({ model, messages, stream: true, ...options })
  let told: Told | null = null
  for await (const chunk of chunks) told = toldByChat(chunk) ?? told
  return told
}

function toldByChat({ model, usage }: { model: string; usage?: OpenAI.CompletionUsage | null }): Told | null {
  if (!usage) return null
  return {
    model,
    counts: counts({
      inputTokens: usage.prompt_tokens,
      outputTokens: usage.completion_tokens,
      totalTokens: usage.total_tokens,
      cacheReadTokens: usage.prompt_tokens_details?.cached_tokens,
      cacheWriteTokens: usage.prompt_tokens_details?.cache_write_tokens,
      reasoningTokens: usage.completion_tokens_details?.reasoning_tokens,
    }),
  }
}

function toldByResponse({ model, usage }: OpenAI.Responses.Response): Told | null {
  if (!usage) return null
  return {
    model,
    counts: counts({
      inputTokens: usage.input_tokens,
      outputTokens: usage.output_tokens,
      totalTokens: usage.total_tokens,
      cacheReadTokens: usage.input_tokens_details?.cached_tokens,
      cacheWriteTokens: usage.input_tokens_details?.cache_write_tokens,
      reasoningTokens: usage.output_tokens_details?.reasoning_tokens,
    }),
  }
}
