import { createOpenAI } from '@ai-sdk/openai'
import { usageMiddleware } from '@withusage/ai-sdk'
import { meteredFetch } from '@withusage/core'
import { wrapEmbeddingModel, wrapLanguageModel } from 'ai'

// With a metered fetch, what the provider has said of an answer that was broken off counts too. A call is one line still.
const openai = createOpenAI({ fetch: meteredFetch() })

const middleware = usageMiddleware()

export const chatModel = wrapLanguageModel({ model: openai('gpt-5.4-mini'), middleware })
export const embeddingModel = wrapEmbeddingModel({ model: openai.embedding('text-embedding-3-small'), middleware })
