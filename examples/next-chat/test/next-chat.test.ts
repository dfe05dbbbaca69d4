import { join } from 'node:path'
import type { UsageBucket } from '@withusage/core'
import { buildNextApp, type NextApp, startNextApp } from '@withusage/testing/next-app'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { startUpstream } from './support/upstream.ts'

const ROOT = join(import.meta.dirname, '..')

let upstream: Awaited<ReturnType<typeof startUpstream>>
let app: NextApp

beforeAll(async () => {
  upstream = await startUpstream()
  await buildNextApp(ROOT)
  app = await startNextApp(ROOT, { OPENAI_BASE_URL: upstream.url, OPENAI_API_KEY: 'ours' })
}, 300_000)

afterAll(async () => {
  await app?.stop()
  upstream?.close()
})

const as = (user: string) => ({ cookie: `session=session-of-${user}` })
const chat = (user: string, content: string, signal?: AbortSignal) =>
  fetch(`${app.url}/api/chat`, {
    method: 'POST',
    headers: as(user),
    body: JSON.stringify({ messages: [{ role: 'user', content }] }),
    ...(signal && { signal }),
  })

async function usageOf(user: string): Promise<UsageBucket[]> {
  const response = await fetch(`${app.url}/api/usage`, { headers: as(user) })
  return (await response.json()) as UsageBucket[]
}

describe('The chat', () => {
  it('streams an answer, and writes down who used how much of which model', async () => {
    const answer = await (await chat('ada', 'Hi')).text()

    expect(answer).toContain('"content":"lo!"')
    expect(answer).toMatch(/data: \[DONE\]\n\n$/)
    expect(await usageOf('ada')).toMatchObject([
      {
        group: { servedModel: 'gpt-5.4-mini', endpoint: '/api/chat', outcome: 'complete' },
        requests: 1,
        inputTokens: 11,
        outputTokens: 2,
      },
    ])
  })

  it('writes down the title of a chat, which only its own model can count', async () => {
    const response = await fetch(`${app.url}/api/chats/42/title`, {
      method: 'POST',
      headers: as('grace'),
      body: 'How many tokens does a title have?',
    })

    expect(await response.json()).toEqual({ id: '42', title: 'How many tokens does' })
    expect(await usageOf('grace')).toMatchObject([
      {
        group: { servedModel: 'titles-1', endpoint: '/api/chats/[id]/title', outcome: 'complete' },
        requests: 1,
        inputTokens: 7,
        outputTokens: 4,
      },
    ])
  })

  it('ends the answer of a client that has left, and writes down what was known by then', async () => {
    const leaving = new AbortController()
    const response = await chat('grace', 'go on', leaving.signal)
    await response.body?.getReader().read()
    leaving.abort()

    await upstream.left
    await vi.waitFor(async () =>
      expect(await usageOf('grace')).toContainEqual(
        expect.objectContaining({
          group: { servedModel: 'gpt-5.4-mini', endpoint: '/api/chat', outcome: 'cancelled' },
          incomplete: 1,
          inputTokens: 11,
          outputTokens: 1,
        }),
      ),
    )
  })

  it('turns a stranger away', async () => {
    expect((await chat('mallory', 'Hi')).status).toBe(401)
    expect((await fetch(`${app.url}/api/usage`)).status).toBe(401)
  })
})
