import { createAnthropic } from '@ai-sdk/anthropic'
import { createAnthropic as createAnthropic3 } from '@ai-sdk/anthropic3'
import { createOpenAI } from '@ai-sdk/openai'
import { createOpenAI as createOpenAI3 } from '@ai-sdk/openai3'
import type { Fetch } from '@withusage/core'
import * as ai from 'ai'
import * as ai6 from 'ai6'
import { type UsageMiddleware, usageMiddleware } from '../../src/index.ts'
import { anthropic, openaiChat, openaiResponses, type Wire } from './wire.ts'

/** How a provider of a test is reached. */
export interface Route {
  url: string
  fetch: Fetch
}

/** A major version of the AI SDK, with its providers. */
export interface Sdk {
  ai: Pick<typeof ai, 'embed' | 'embedMany' | 'generateText' | 'stepCountIs' | 'streamText' | 'tool' | 'ToolLoopAgent'>
  /** Models by their provider, with the middleware around them. */
  models: Record<keyof typeof WIRES, (route: Route, middleware?: UsageMiddleware) => ai.LanguageModel>
  embedding(route: Route, middleware?: UsageMiddleware): ai.EmbeddingModel
}

export const WIRES = {
  'openai.chat': openaiChat,
  'openai.responses': openaiResponses,
  anthropic,
} satisfies Record<string, Wire>

const reached = ({ url, fetch }: Route) => ({ baseURL: url, apiKey: 'key', fetch: fetch as typeof globalThis.fetch })

const seven: Sdk = {
  ai,
  models: {
    'openai.chat': (route, middleware = usageMiddleware()) =>
      ai.wrapLanguageModel({ model: createOpenAI(reached(route)).chat('gpt-4o-mini'), middleware }),
    'openai.responses': (route, middleware = usageMiddleware()) =>
      ai.wrapLanguageModel({ model: createOpenAI(reached(route)).responses('gpt-4o-mini'), middleware }),
    anthropic: (route, middleware = usageMiddleware()) =>
      ai.wrapLanguageModel({ model: createAnthropic(reached(route))('claude-7'), middleware }),
  },
  embedding: (route, middleware = usageMiddleware()) =>
    ai.wrapEmbeddingModel({ model: createOpenAI(reached(route)).embedding('embed-small'), middleware }),
}

/** Of the same functions, as far as the tests use them. */
const six: Sdk = {
  ai: ai6 as unknown as Sdk['ai'],
  models: {
    'openai.chat': (route, middleware = usageMiddleware()) =>
      ai6.wrapLanguageModel({ model: createOpenAI3(reached(route)).chat('gpt-4o-mini'), middleware }),
    'openai.responses': (route, middleware = usageMiddleware()) =>
      ai6.wrapLanguageModel({ model: createOpenAI3(reached(route)).responses('gpt-4o-mini'), middleware }),
    anthropic: (route, middleware = usageMiddleware()) =>
      ai6.wrapLanguageModel({ model: createAnthropic3(reached(route))('claude-7'), middleware }),
  },
  embedding: (route, middleware = usageMiddleware()) =>
    ai6.wrapEmbeddingModel({ model: createOpenAI3(reached(route)).embedding('embed-small'), middleware }),
}

export const SDKS: Record<string, Sdk> = { 'AI SDK 7': seven, 'AI SDK 6': six }
