import { type ChatResponse, Ollama } from 'ollama'
import { keys } from '../keys.ts'
import { type Call, type Connection, complete, counts, type Models, type Told } from './call.ts'

const messages = [{ role: 'user', content: 'Say hello.' }]

export function ollamaCalls({ ollama: model, ollamaEmbedding }: Models): Call[] {
  return [...(model ? chatCalls(model) : []), ...(ollamaEmbedding ? [embedCall(ollamaEmbedding)] : [])]
}

const ollamaClient = ({ url, secret, correlationId }: Connection) =>
  new Ollama({ host: url, headers: { authorization: `Bearer ${secret}`, 'x-correlation-id': correlationId } })

const chatCalls = (model: string): Call[] => [
  {
    name: 'ollama chat',
    endpoint: '/api/chat',
    streamed: false,
    key: keys.grace,
    expect: complete,
    send: async (connection) => toldByChat(await ollamaClient(connection).chat({ model, messages })),
  },
  {
    name: 'ollama chat, streamed',
    endpoint: '/api/chat',
    streamed: true,
    key: keys.adaLaptop,
    expect: complete,
    send: async (connection) => {
      let told: Told | null = null
      for await (const part of await ollamaClient(connection).chat({ model, messages, stream: true }))
        if (part.done) told = toldByChat(part)
      return told
    },
  },
]

const embedCall = (model: string): Call => ({
  name: 'ollama embed',
  endpoint: '/api/embed',
  streamed: false,
  key: keys.adaScript,
  expect: complete,
  send: async (connection) => {
    const { model: served, prompt_eval_count } = await ollamaClient(connection).embed({ model, input: 'one vector' })
    return { model: served, counts: counts({ inputTokens: prompt_eval_count, totalTokens: prompt_eval_count }) }
  },
})

/** Ollama leaves a count out when it reused a cached prompt: unknown, and so is no part of the total. */
function toldByChat({ model, prompt_eval_count, eval_count }: Partial<ChatResponse> & { model: string }): Told {
  return {
    model,
    counts: counts({
      inputTokens: prompt_eval_count,
      outputTokens: eval_count,
      totalTokens: (prompt_eval_count ?? 0) + (eval_count ?? 0),
    }),
  }
}
