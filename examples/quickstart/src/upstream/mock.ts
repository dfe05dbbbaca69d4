import { LLMock } from '@copilotkit/aimock'
import { Hono } from 'hono'
import { proxy } from 'hono/proxy'
import { listen } from '../listen.ts'
import { answers } from './answers.ts'
import type { Upstream } from './upstream.ts'

/**
 * A provider on loopback that needs no key: the third-party mock speaks the three wire formats, and our own answers
 * stand in for what it cannot say (see `answers.ts`).
 */
export async function startMockUpstream(): Promise<Upstream> {
  const mock = await startMock()
  const front = await listen(createFront(mock.url))
  return {
    name: 'the mock provider',
    provider: 'mock',
    url: (path) => front.url + path,
    credentials: {},
    models: {
      openai: 'gpt-5.4-mini',
      openaiEmbedding: 'text-embedding-3-small',
      anthropic: 'claude-haiku-4-5',
      ollama: 'llama3.2',
      ollamaEmbedding: 'nomic-embed-text',
    },
    close: async () => {
      await front.close()
      await mock.stop()
    },
  }
}

async function startMock(): Promise<LLMock> {
  const mock = new LLMock({ host: '127.0.0.1', port: 0 })
  mock.on({ model: 'gpt-forbidden' }, { error: { message: 'This key may not use the model.' }, status: 401 })
  mock.on({ model: 'gpt-missing' }, { error: { message: 'The model does not exist.' }, status: 404 })
  mock.on({ model: 'gpt-throttled' }, { error: { message: 'Too many requests.' }, status: 429 })
  mock.on({ model: 'gpt-broken' }, { error: { message: 'The engine is on fire.' }, status: 500 })
  mock.on({ model: /./ }, answerWithCounts())
  await mock.start()
  return mock
}

/** Every answer has counts of its own, so that no two calls can be mistaken for each other. */
function answerWithCounts() {
  let served = 0
  return () => {
    served += 1
    const usage = { prompt_tokens: 20 + 7 * served, completion_tokens: 11 + 5 * served }
    return { content: 'The Analytical Engine has no pretensions to originate anything.', usage }
  }
}

function createFront(mockUrl: string): Hono {
  const front = new Hono()
  front.post('*', async (c) => {
    const body = await c.req.text()
    const request = JSON.parse(body)
    const answer = answers[`${c.req.path} ${request.model}`]
    return answer?.(request) ?? proxy(mockUrl + c.req.path, { method: 'POST', headers: c.req.header(), body })
  })
  return front
}
