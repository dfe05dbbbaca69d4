import { request as httpRequest } from 'node:http'
import { createBooks } from '@withusage/testing'
import { Hono } from 'hono'
import { compress } from 'hono/compress'
import { stream, streamSSE } from 'hono/streaming'
import { describe, expect, test } from 'vitest'
import { usage } from '../src/index.ts'
import { chatChunk, chatCompletion, listen, usageChunk } from './support/harness.ts'

const sse = (data: object | string) => `data: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`
const eventStream = { 'content-type': 'text/event-stream' }

/** A body that says its chunks and then waits; it resolves `left` with the reason when its reader cancels. */
function openEnded(chunks: readonly string[]) {
  const left = Promise.withResolvers<unknown>()
  const body = new ReadableStream({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(new TextEncoder().encode(chunk))
    },
    cancel: (reason) => left.resolve(reason),
  })
  return { body, left: left.promise }
}

describe('on a port', () => {
  test('a JSON answer and a stream arrive byte for byte, and are recorded', async () => {
    const { recorder, settled } = createBooks()
    const app = new Hono()
    app.use(usage({ recorder }))
    const events = [sse(chatChunk('hi')), ': a comment\n\n', sse(usageChunk), sse('[DONE]')]
    app.post('/v1/chat/completions', (c) => c.json(chatCompletion))
    app.post('/stream', () => new Response(new Blob(events).stream(), { headers: eventStream }))
    const url = await listen(app)

    expect(await (await fetch(`${url}/v1/chat/completions`, { method: 'POST' })).text()).toBe(
      JSON.stringify(chatCompletion),
    )
    expect(await (await fetch(`${url}/stream`, { method: 'POST' })).text()).toBe(events.join(''))
    const records = await settled()
    expect(records.map(({ endpoint, streamed, inputTokens }) => [endpoint, streamed, inputTokens])).toEqual([
      ['/v1/chat/completions', false, 9],
      ['/stream', true, 9],
    ])
  })

  test('a client gets each chunk before the next one is made', async () => {
    const { recorder, settled } = createBooks()
    const app = new Hono()
    app.use(usage({ recorder }))
    const next = Promise.withResolvers<void>()
    app.post('/chat', (c) =>
      stream(c, async (out) => {
        await out.write('first')
        await next.promise
        await out.write('second')
      }),
    )
    const url = await listen(app)

    const reader = (await fetch(`${url}/chat`, { method: 'POST' })).body?.getReader()
    expect(new TextDecoder().decode((await reader?.read())?.value)).toBe('first')
    next.resolve()
    expect(new TextDecoder().decode((await reader?.read())?.value)).toBe('second')
    expect((await reader?.read())?.done).toBe(true)
    await settled()
    expect(recorder.stats().unrecorded).toEqual({ no_usage: 1 })
  })

  test('several set-cookie and an unusual reason phrase reach a raw client', async () => {
    const { recorder, settled } = createBooks()
    const app = new Hono()
    app.use(usage({ recorder }))
    app.post('/v1/chat/completions', (c) => {
      for (const cookie of ['a=1', 'b=2; HttpOnly']) c.header('set-cookie', cookie, { append: true })
      return c.json(chatCompletion)
    })
    const url = await listen(app)

    const headers = await new Promise<NodeJS.Dict<string[]>>((resolve, reject) => {
      const outgoing = httpRequest(`${url}/v1/chat/completions`, { method: 'POST' }, (incoming) => {
        incoming.resume().on('end', () => resolve(incoming.headersDistinct))
      })
      outgoing.on('error', reject).end()
    })
    expect(headers['set-cookie']).toEqual(['a=1', 'b=2; HttpOnly'])
    expect(await settled()).toHaveLength(1)
  })

  test('a fetched answer that was compressed upstream arrives whole, without the stale headers', async () => {
    const { recorder, settled } = createBooks()
    const upstream = new Hono()
    upstream.use(compress({ threshold: 0 }))
    upstream.post('*', (c) => c.json(chatCompletion))
    const upstreamUrl = await listen(upstream)
    const app = new Hono()
    app.use(usage({ recorder }))
    app.post('/v1/chat/completions', () => fetch(upstreamUrl, { method: 'POST' }))
    const url = await listen(app)

    const response = await fetch(`${url}/v1/chat/completions`, { method: 'POST' })
    expect(response.headers.get('content-encoding')).toBe(null)
    expect(await response.json()).toEqual(chatCompletion)
    expect(await settled()).toMatchObject([{ inputTokens: 9, outputTokens: 5 }])
  })

  test('an error that Hono answers reaches the client, and the server serves on', async () => {
    const { recorder, settled } = createBooks()
    const app = new Hono()
    app.use(usage({ recorder }))
    app.onError((_error, c) => c.text('sorry', 500))
    app.post('/broken', () => {
      throw new Error('boom')
    })
    app.post('/v1/chat/completions', (c) => c.json(chatCompletion))
    const url = await listen(app)

    expect((await fetch(`${url}/broken`, { method: 'POST' })).status).toBe(500)
    expect((await fetch(`${url}/nowhere`, { method: 'POST' })).status).toBe(404)
    expect((await fetch(`${url}/v1/chat/completions`, { method: 'HEAD' })).status).toBe(404)
    expect((await fetch(`${url}/v1/chat/completions`, { method: 'POST' })).status).toBe(200)
    await settled()
    expect(recorder.stats()).toMatchObject({
      requests: 4,
      recorded: 1,
      ignored: { status_5xx: 1, status_4xx: 1, not_inference: 1 },
    })
  })
})

describe('a client that leaves in the middle', () => {
  test('of fetch cancels the handler’s stream, and what was said so far is recorded', async () => {
    const { recorder, settled } = createBooks()
    const { body, left } = openEnded([sse({ ...chatChunk('hi'), usage: { prompt_tokens: 9, completion_tokens: 1 } })])
    const app = new Hono()
    app.use(usage({ recorder }))
    app.post('/v1/chat/completions', () => new Response(body, { headers: eventStream }))
    const url = await listen(app)

    const leave = new AbortController()
    const response = await fetch(`${url}/v1/chat/completions`, { method: 'POST', signal: leave.signal })
    await response.body?.getReader().read()
    leave.abort()

    await left
    expect(await settled()).toMatchObject([{ outcome: 'cancelled', final: false, inputTokens: 9, outputTokens: 1 }])
  })

  test('of node:http that destroys its socket does the same', async () => {
    const { recorder, settled } = createBooks()
    const { body, left } = openEnded([sse(chatChunk('hi'))])
    const app = new Hono()
    app.use(usage({ recorder }))
    app.post('/v1/chat/completions', () => new Response(body, { headers: eventStream }))
    const url = await listen(app)

    const outgoing = httpRequest(`${url}/v1/chat/completions`, { method: 'POST' }, (incoming) => {
      incoming.once('data', () => outgoing.destroy())
      incoming.on('error', () => {})
    })
    outgoing.on('error', () => {}).end()

    await left
    expect(await settled()).toEqual([])
    expect(recorder.stats().unrecorded).toEqual({ cancelled: 1 })
  })

  test('is told to a streaming helper', async () => {
    const { recorder, settled } = createBooks()
    const told = Promise.withResolvers<void>()
    const app = new Hono()
    app.use(usage({ recorder }))
    app.post('/v1/chat/completions', (c) =>
      streamSSE(c, async (events) => {
        events.onAbort(() => told.resolve())
        await events.writeSSE({ data: JSON.stringify(chatChunk('hi')) })
        await told.promise
      }),
    )
    const url = await listen(app)

    const leave = new AbortController()
    const response = await fetch(`${url}/v1/chat/completions`, { method: 'POST', signal: leave.signal })
    await response.body?.getReader().read()
    leave.abort()

    await told.promise
    await settled()
    expect(recorder.stats().unrecorded).toEqual({ cancelled: 1 })
  })

  test('before the handler has answered cancels the body that nobody will read', async () => {
    const { recorder, settled } = createBooks()
    const { body, left } = openEnded([sse(chatChunk('hi'))])
    const asked = Promise.withResolvers<void>()
    const app = new Hono()
    app.use(usage({ recorder }))
    app.post('/v1/chat/completions', async (c) => {
      const gone = new Promise((resolve) => c.req.raw.signal.addEventListener('abort', resolve))
      asked.resolve()
      await gone
      return new Response(body, { headers: eventStream })
    })
    const url = await listen(app)

    const leave = new AbortController()
    const response = fetch(`${url}/v1/chat/completions`, { method: 'POST', signal: leave.signal })
    await asked.promise
    leave.abort()

    await expect(response).rejects.toThrow()
    await left
    await settled()
    expect(recorder.stats().unrecorded).toEqual({ cancelled: 1 })
  })
})
