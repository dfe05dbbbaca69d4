import Anthropic from '@anthropic-ai/sdk'
import { GoogleGenAI } from '@google/genai'
import type { Fetch } from '@withusage/core'
import { CohereClientV2 } from 'cohere-ai'
import { Ollama } from 'ollama'
import OpenAI from 'openai'

/** Where an SDK's calls go, and through what. */
export interface Route {
  url: string
  fetch: Fetch
  signal?: AbortSignal
}

/** What a program learned from its SDK. */
export interface Told {
  /** All of the SDK's answer, or each chunk of it. */
  result: unknown
  /** `[input, output]` as the SDK says it, in all; `null` when it does not. */
  usage: readonly [input: number, output: number] | null
}

export interface Sdk {
  /** How often it tries again by itself. */
  retries: number
  /** Asks for a whole answer. */
  whole(route: Route): Promise<Told>
  /** Asks for a stream, and tells of each chunk as it comes. */
  stream(route: Route, onChunk?: () => void): Promise<Told>
}

/** What a program sees in the end, its failure included. */
export async function outcome(told: Promise<Told>): Promise<unknown> {
  try {
    const { result } = await told
    return JSON.parse(JSON.stringify(result))
  } catch (error) {
    const { name, message } = error as Error
    return { failure: { name, message } }
  }
}

const PROMPT = [{ role: 'user' as const, content: 'Hello?' }]

interface OpenAIUsage {
  prompt_tokens: number
  completion_tokens: number
}
interface AnthropicUsage {
  input_tokens: number | null
  cache_read_input_tokens: number | null
  cache_creation_input_tokens: number | null
  output_tokens: number
}

const ofOpenAI = (usage: OpenAIUsage | null | undefined): Told['usage'] =>
  usage ? [usage.prompt_tokens, usage.completion_tokens] : null
const ofAnthropic = (usage: AnthropicUsage): Told['usage'] => [
  (usage.input_tokens ?? 0) + (usage.cache_read_input_tokens ?? 0) + (usage.cache_creation_input_tokens ?? 0),
  usage.output_tokens,
]

/** Every chunk, and the last usage that one of them told. */
async function collect<Chunk>(
  chunks: AsyncIterable<Chunk>,
  usageOf: (chunk: Chunk) => Told['usage'],
  onChunk: () => void = () => {},
): Promise<Told> {
  const result: Chunk[] = []
  let usage: Told['usage'] = null
  for await (const chunk of chunks) {
    result.push(chunk)
    usage = usageOf(chunk) ?? usage
    onChunk()
  }
  return { result, usage }
}

const openai = ({ url, fetch }: Route) => new OpenAI({ baseURL: `${url}/v1`, apiKey: 'key', fetch })
const anthropic = ({ url, fetch }: Route) => new Anthropic({ baseURL: url, apiKey: 'key', fetch })
const gemini = ({ url, fetch }: Route) =>
  new GoogleGenAI({
    apiKey: 'key',
    apiVersion: 'v1beta',
    httpOptions: {
      baseUrl: url,
      fetch: fetch as typeof globalThis.fetch,
      retryOptions: { attempts: 3, initialDelay: 0.001 },
    },
  })
const ollama = ({ url, fetch, signal }: Route) => {
  const client = new Ollama({ host: url, fetch })
  signal?.addEventListener('abort', () => client.abort())
  return client
}
const cohere = ({ url, fetch }: Route) =>
  new CohereClientV2({ environment: url, token: 'key', fetch: fetch as typeof globalThis.fetch })

export const SDKS: Record<string, Sdk> = {
  openai: {
    retries: 2,
    async whole(route) {
      const result = await openai(route).chat.completions.create({ model: 'gpt-4o-mini', messages: PROMPT })
      return { result, usage: ofOpenAI(result.usage) }
    },
    async stream(route, onChunk) {
      const stream = await openai(route).chat.completions.create(
        { model: 'gpt-4o-mini', messages: PROMPT, stream: true, stream_options: { include_usage: true } },
        { signal: route.signal },
      )
      return collect(stream, ({ usage }) => ofOpenAI(usage), onChunk)
    },
  },
  '@anthropic-ai/sdk': {
    retries: 2,
    async whole(route) {
      const result = await anthropic(route).messages.create({ model: 'claude', max_tokens: 64, messages: PROMPT })
      return { result, usage: ofAnthropic(result.usage) }
    },
    async stream(route, onChunk) {
      const stream = anthropic(route).messages.stream(
        { model: 'claude', max_tokens: 64, messages: PROMPT },
        { signal: route.signal },
      )
      const { result } = await collect(stream, () => null, onChunk)
      return { result, usage: ofAnthropic((await stream.finalMessage()).usage) }
    },
  },
  '@google/genai': {
    retries: 2,
    async whole(route) {
      const result = await gemini(route).models.generateContent({ model: 'gemini-7-flash', contents: 'Hello?' })
      return { result, usage: ofGemini(result.usageMetadata) }
    },
    async stream(route, onChunk) {
      const config = route.signal ? { abortSignal: route.signal } : {}
      const stream = await gemini(route).models.generateContentStream({
        model: 'gemini-7-flash',
        contents: 'Hello?',
        config,
      })
      return collect(stream, ({ usageMetadata }) => ofGemini(usageMetadata), onChunk)
    },
  },
  ollama: {
    retries: 0,
    async whole(route) {
      const result = await ollama(route).chat({ model: 'llama-7', messages: PROMPT })
      return { result, usage: [result.prompt_eval_count, result.eval_count] }
    },
    async stream(route, onChunk) {
      const stream = await ollama(route).chat({ model: 'llama-7', messages: PROMPT, stream: true })
      return collect(stream, (chunk) => (chunk.done ? [chunk.prompt_eval_count, chunk.eval_count] : null), onChunk)
    },
  },
  'cohere-ai': {
    retries: 2,
    async whole(route) {
      const result = await cohere(route).chat({ model: 'command-7', messages: PROMPT })
      return { result, usage: ofCohere(result.usage) }
    },
    async stream(route, onChunk) {
      const options = route.signal ? { abortSignal: route.signal } : {}
      const stream = await cohere(route).chatStream({ model: 'command-7', messages: PROMPT }, options)
      return collect(stream, (chunk) => (chunk.type === 'message-end' ? ofCohere(chunk.delta?.usage) : null), onChunk)
    },
  },
}

interface GeminiUsage {
  promptTokenCount?: number
  candidatesTokenCount?: number
  thoughtsTokenCount?: number
}

function ofGemini(usage: GeminiUsage | undefined): Told['usage'] {
  if (!usage) return null
  return [usage.promptTokenCount ?? 0, (usage.candidatesTokenCount ?? 0) + (usage.thoughtsTokenCount ?? 0)]
}

interface CohereUsage {
  billedUnits?: { inputTokens?: number; outputTokens?: number }
}

/** What is billed. */
function ofCohere(usage: CohereUsage | undefined): Told['usage'] {
  const { inputTokens, outputTokens } = usage?.billedUnits ?? {}
  return inputTokens === undefined || outputTokens === undefined ? null : [inputTokens, outputTokens]
}
