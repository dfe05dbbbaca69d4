import { once } from 'node:events'
import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { buildNextApp, type NextApp, startNextApp } from '@withusage/testing/next-app'
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import { settledAt } from './support/account.ts'

const FIXTURE = fileURLToPath(new URL('../fixture', import.meta.url))

let built: string
let app: NextApp

beforeAll(async () => {
  built = await buildNextApp(FIXTURE)
  app = await startNextApp(FIXTURE)
}, 300_000)

afterAll(async () => {
  await app?.stop()
})

const post = (path: string, init: RequestInit = {}) =>
  fetch(app.url + path, { method: 'POST', redirect: 'manual', ...init })
const settled = (endpoint: string) => settledAt(`${app.url}/report`, endpoint)

/** Reads one chunk, then leaves. */
async function leaveAfterOneChunk(url: string, method = 'POST'): Promise<void> {
  const leaving = new AbortController()
  const response = await fetch(url, { method, signal: leaving.signal })
  await response.body?.getReader().read()
  leaving.abort()
}

describe('In an app that was built and started', () => {
  test('the handler has Next’s own request and context, and its NextResponse arrives whole', async () => {
    const response = await post('/chat/42?asked=yes', { headers: { cookie: 'session=Ada', 'x-user': 'ada' } })

    expect(response.headers.getSetCookie()).toEqual(['a=1; Path=/', 'b=2; Path=/'])
    expect(await response.json()).toMatchObject({
      seen: { id: '42', pathname: '/chat/42', asked: 'yes', cookie: 'Ada' },
      usage: { prompt_tokens: 9 },
    })
  })

  test('what instrumentation.ts configured holds for the routes: identify reads headers() and cookies()', async () => {
    const headers = { cookie: 'session=Grace', 'x-user': 'grace' }
    await (await post('/chat/1', { headers })).text()

    const { records } = await settled('/chat/[id]')
    expect(records.filter(({ userId }) => userId === 'grace')).toMatchObject([
      { userName: 'Grace', endpoint: '/chat/[id]', inputTokens: 9, outputTokens: 5, outcome: 'complete' },
    ])
  })

  test('headers() and cookies() still work in an identify that is slower than the response', async () => {
    const headers = { cookie: 'session=Edsger', 'x-user': 'slow', referer: 'https://chat.example' }
    await (await post('/chat/2', { headers })).text()
    await post('/gates/identify')

    const { records } = await settled('/chat/[id]')
    expect(records.filter(({ userId }) => userId === 'slow')).toMatchObject([
      { userName: 'Edsger', source: 'https://chat.example' },
    ])
  })

  test('what redirect(), notFound() and the like throw reaches Next as it does unwrapped', async () => {
    const statuses: Record<string, number> = {}
    for (const signal of ['redirect', 'permanent-redirect', 'not-found', 'unauthorized', 'forbidden', 'error']) {
      const [metered, bare] = await Promise.all([
        post(`/signals/${signal}`),
        post(`/signals/${signal}`, { method: 'PUT' }),
      ])
      expect(await answer(metered)).toEqual(await answer(bare))
      statuses[signal] = metered.status
    }

    expect(statuses).toEqual({
      redirect: 307,
      'permanent-redirect': 308,
      'not-found': 404,
      unauthorized: 401,
      forbidden: 403,
      error: 500,
    })
    expect((await settled('/signals/[signal]')).counts).toEqual(['6 ignored handler_error'])
  })

  test('a stream whose client leaves is recorded as cancelled', async () => {
    await leaveAfterOneChunk(`${app.url}/stream`)

    expect((await settled('/stream')).records).toMatchObject([
      { outcome: 'cancelled', final: false, inputTokens: 9, outputTokens: 1 },
    ])
  })

  test('a client that has left before the handler answers is accounted for, though Next never reads the stream', async () => {
    const leaving = new AbortController()
    const response = post('/late', { signal: leaving.signal })
    await fetch(`${app.url}/gates/late`)
    leaving.abort()

    await expect(response).rejects.toThrow('aborted')
    expect((await settled('/late')).counts).toEqual(['1 unrecorded cancelled'])
  })
})

describe('A result that Next renders ahead and keeps', () => {
  test('is kept as it is unwrapped, and who asks for it reaches no handler', async () => {
    const bare = await answer(await fetch(`${app.url}/kept/bare`))

    for (const name of ['hourly', 'forced']) {
      const first = await answer(await fetch(`${app.url}/kept/${name}`))
      const second = await answer(await fetch(`${app.url}/kept/${name}`))
      expect(first.headers).toContainEqual(['x-nextjs-cache', 'HIT'])
      expect(first.headers.map(([name]) => name)).toEqual(bare.headers.map(([name]) => name))
      expect(second.body).toBe(first.body)
      expect((await settled(`/kept/${name}`)).counts).toEqual([])
    }
  })

  test('is metered once when it is made anew, for the fallback user', async () => {
    await post('/kept')

    for (const name of ['hourly', 'forced']) {
      const headers = { cookie: 'session=Ada', 'x-user': 'ada' }
      const first = await answer(await fetch(`${app.url}/kept/${name}`, { headers }))
      const second = await answer(await fetch(`${app.url}/kept/${name}`, { headers }))
      expect(second.body).toBe(first.body)
      const { records, counts } = await settled(`/kept/${name}`)
      expect(counts).toEqual(['1 recorded'])
      expect(records).toMatchObject([{ userId: 'house', inputTokens: 9, responseId: JSON.parse(first.body).id }])
    }
  })

  test('is built without a word of metering', () => {
    expect(built).not.toMatch(/\[withusage\]|Error|Warning/)
  })
})

describe('after()', () => {
  test('keeps a server that is told to end until the store has acknowledged an aborted stream', async () => {
    const store = await farAwayStore()
    const ending = await startNextApp(FIXTURE, { STORE_URL: store.url })
    onTestFinished(() => ending.stop())
    await leaveAfterOneChunk(`${ending.url}/stream`)
    await store.asked

    const stopped = ending.stop('SIGTERM')
    await vi.waitFor(() => expect(connectTo(ending.url)).rejects.toThrow(), { timeout: 10_000 })
    store.answer()

    await stopped
    expect(ending.output()).toContain('stored: cancelled')
  })
})

describe('The edge runtime', () => {
  test('meters a stream, with the configuration of instrumentation.ts', async () => {
    const response = await post('/edge', { headers: { 'x-user': 'ada' } })

    expect(await response.text()).toContain('"prompt_tokens":9')
    expect((await settledAt(`${app.url}/edge`, '/edge')).records).toMatchObject([
      { userId: 'ada', inputTokens: 9, outputTokens: 5, outcome: 'complete', streamed: true },
    ])
  })

  test('records a stream whose client leaves as cancelled', async () => {
    await leaveAfterOneChunk(`${app.url}/edge`, 'PATCH')

    expect((await settledAt(`${app.url}/edge`, '/edge/endless')).records).toMatchObject([
      { outcome: 'cancelled', final: false, inputTokens: 9, outputTokens: 1 },
    ])
  })

  test('cannot decompress: what is compressed is counted, and passes unread', async () => {
    const compressed = gzipSync(JSON.stringify({ model: 'qwen-7b', usage: { prompt_tokens: 9, completion_tokens: 5 } }))
    const response = await post('/edge', { method: 'PUT', body: compressed })

    expect(Buffer.from(await response.arrayBuffer())).toEqual(compressed)
    expect((await settledAt(`${app.url}/edge`, '/edge/compressed')).counts).toEqual(['1 unrecorded encoded_body'])
  })

  test('has books of its own: what is kept in memory there is not seen by the other routes', async () => {
    expect((await settled('/edge')).counts).toEqual([])
  })
})

test('Metering has nothing to report, and leaves no rejection unhandled', () => {
  expect(app.output()).not.toMatch(/\[withusage\]|unhandledRejection/)
})

/** Status, headers and body, without what differs from request to request. */
async function answer(response: Response) {
  const headers = [...response.headers].filter(([name]) => name !== 'date')
  return { status: response.status, headers, body: await response.text() }
}

/** On a connection of its own: one that is kept alive is still served by a server that is told to end. */
async function connectTo(url: string): Promise<void> {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  await once(socket, 'connect')
  socket.destroy()
}

/** A store that answers no one before the test says so. */
async function farAwayStore() {
  const asked = Promise.withResolvers<void>()
  const held = Promise.withResolvers<void>()
  const server = createServer(async (_request, response) => {
    asked.resolve()
    await held.promise
    response.end()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}`, asked: asked.promise, answer: held.resolve }
}
