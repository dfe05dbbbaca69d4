import Anthropic from '@anthropic-ai/sdk'
import { keys } from '../keys.ts'
import { type Call, type Connection, complete, counts, type Models, type Told } from './call.ts'

const endpoint = '/v1/messages'
const question = { max_tokens: 64, messages: [{ role: 'user' as const, content: 'Who wrote the first program?' }] }

export function anthropicCalls({ anthropic: model }: Models): Call[] {
  if (!model) return []
  return [
    {
      name: 'anthropic messages',
      endpoint,
      streamed: false,
      key: keys.edsger,
      expect: complete,
      send: async (connection) =>
        toldByMessage(await anthropicClient(connection).messages.create({ model, ...question })),
    },
    streamedCall('anthropic messages, streamed', model),
  ]
}

/** What the mock cannot say: tokens read from and written to a cache. */
export const cachedCall = streamedCall('anthropic messages, streamed, cached tokens', 'claude-sonnet-4-6')

export const anthropicClient = ({ url, secret, correlationId }: Connection) =>
  new Anthropic({
    baseURL: url,
    apiKey: secret,
    maxRetries: 0,
    defaultHeaders: { 'x-correlation-id': correlationId },
  })

function streamedCall(name: string, model: string): Call {
  return {
    name,
    endpoint,
    streamed: true,
    key: keys.adaLaptop,
    expect: complete,
    send: async (connection) =>
      toldByMessage(
        await anthropicClient(connection)
          .messages.stream({ model, ...question })
          .finalMessage(),
      ),
  }
}

/** Anthropic counts cached tokens beside `input_tokens`; a usage record counts them inside. */
export function toldByMessage({ model, usage }: Pick<Anthropic.Message, 'model' | 'usage'>): Told {
  const { input_tokens, output_tokens, cache_read_input_tokens, cache_creation_input_tokens } = usage
  const inputTokens = input_tokens + (cache_read_input_tokens ?? 0) + (cache_creation_input_tokens ?? 0)
  return {
    model,
    counts: counts({
      inputTokens,
      outputTokens: output_tokens,
      totalTokens: inputTokens + output_tokens,
      cacheReadTokens: cache_read_input_tokens,
      cacheWriteTokens: cache_creation_input_tokens,
      reasoningTokens: usage.output_tokens_details?.thinking_tokens,
    }),
  }
}
