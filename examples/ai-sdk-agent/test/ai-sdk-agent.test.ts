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

const ask = (user: string, prompt: string, signal?: AbortSignal) =>
  fetch(`${app.url}/api/agent`, {
    method: 'POST',
    headers: { 'x-user': user },
    body: JSON.stringify({ prompt }),
    ...(signal && { signal }),
  })

async function usageOf(user: string): Promise<UsageBucket[]> {
  const buckets = (await (await fetch(`${app.url}/api/usage`)).json()) as UsageBucket[]
  return buckets.filter(({ group }) => group.userId === user)
}

const line = (servedModel: string, outcome: string, counts: object) => ({
  group: { userId: expect.any(String), servedModel, endpoint: '/api/agent', outcome },
  requests: 1,
  ...counts,
})

describe('The agent', () => {
  it('answers, and every call of a model that it took is a line of the one request', async () => {
    const answer = await (await ask('ada', 'Where is order 7, and can I send it back?')).text()

    expect(answer).toContain('Order 7 left us on Tuesday.')
    expect(answer).toContain('"output":"Returns are free for a month."')
    expect(answer).toContain('returns are free.')
    const usage = await usageOf('ada')
    expect(usage).toHaveLength(2)
    expect(usage).toEqual(
      expect.arrayContaining([
        expect.objectContaining(
          line('gpt-5.4-mini', 'complete', { modelCalls: 3, inputTokens: 150, outputTokens: 26, incomplete: 0 }),
        ),
        expect.objectContaining(line('text-embedding-3-small', 'complete', { modelCalls: 1, inputTokens: 24 })),
      ]),
    )
  })

  it('is stopped when its client leaves, and what the steps until then used is known', async () => {
    const leaving = new AbortController()
    const response = await ask('grace', 'Find out where order 7 is, then wait.', leaving.signal)
    const reader = response.body?.getReader()
    let seen = ''
    while (!seen.includes('text-delta')) seen += new TextDecoder().decode((await reader?.read())?.value)
    leaving.abort()

    await upstream.left
    await vi.waitFor(async () =>
      expect(await usageOf('grace')).toEqual(
        expect.arrayContaining([
          expect.objectContaining(
            line('gpt-5.4-mini', 'cancelled', { modelCalls: 3, inputTokens: 80, outputTokens: 14, incomplete: 1 }),
          ),
        ]),
      ),
    )
  })
})
