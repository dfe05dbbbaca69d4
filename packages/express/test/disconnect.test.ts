import { once } from 'node:events'
import { request, type ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ReadableStream as WebStream } from 'node:stream/web'
import { type UsageOptions, withUsage } from '@withusage/core'
import { createBooks, openUpstream, type Upstream } from '@withusage/testing'
import compression from 'compression'
import type { RequestHandler } from 'express'
import { describe, expect, it } from 'vitest'
import { toExpress, usage } from '../src/index.ts'
import { toNodeHandler } from '../src/node.ts'
import { EVENTS, EXPRESS, listen, open } from './support/serve.ts'

type OnDisconnect = UsageOptions['onDisconnect']
type Handle = (upstream: string, response: ServerResponse) => unknown

const WORD = EVENTS[0] as string
const SHORT = [...Array<string>(30).fill(WORD), ...EVENTS]
const LONG = [...Array<string>(3_000).fill(WORD), ...EVENTS]
const FINAL = { outcome: 'cancelled', final: true, inputTokens: 9, outputTokens: 5 }

const call = (url: string) => fetch(url, { method: 'POST' })
const chunksOf = async (url: string) => (await call(url)).body as unknown as WebStream<Uint8Array>
const typed = (response: ServerResponse) => response.setHeader('content-type', 'text/event-stream')

/** Handlers that write by themselves, and do not look whether their client is there. */
const WRITERS: Record<string, Handle> = {
  'write()': async (upstream, response) => {
    typed(response)
    for await (const chunk of await chunksOf(upstream)) response.write(chunk)
    response.end()
  },
  'write(), and wait for room': async (upstream, response) => {
    typed(response)
    for await (const chunk of await chunksOf(upstream)) if (!response.write(chunk)) await once(response, 'drain')
    response.end()
  },
  'write(), and wait until it is written': async (upstream, response) => {
    typed(response)
    for await (const chunk of await chunksOf(upstream))
      await new Promise<void>((written) => response.write(chunk, () => written()))
    response.end()
  },
  'pipe()': async (upstream, response) => {
    Readable.fromWeb(await chunksOf(upstream)).pipe(typed(response))
  },
}

/** Has the first chunk, and leaves. */
async function leave(url: string): Promise<void> {
  const incoming = await open(`${url}/v1/chat/completions`)
  await once(incoming, 'data')
  incoming.destroy()
}

/** A client that has left, and what the one call came to. */
async function left(listener: Parameters<typeof listen>[0], upstream: Upstream): Promise<string> {
  await leave(await listen(listener))
  const [only] = upstream.calls
  return `${await only?.over} ${only?.sent}`
}

describe.each(EXPRESS)('%s, with `drain`', (_name, express) => {
  async function scene(events: readonly string[], onDisconnect: OnDisconnect = 'drain') {
    const books = createBooks()
    const upstream = await openUpstream(events)
    const app = express()
    const metered = usage({ recorder: books.recorder, ...(onDisconnect && { onDisconnect }) })
    const serve = (handle: RequestHandler) => app.post('/v1/chat/completions', handle)
    return { ...books, upstream, app, metered, serve }
  }

  it.each(Object.keys(WRITERS))('a handler that serves by %s is heard to its end', async (way) => {
    const { app, metered, serve, upstream, recorder, settled } = await scene(SHORT)
    app.use(metered)
    serve((_request, response) => WRITERS[way]?.(upstream.url, response))
    expect(await left(app, upstream)).toBe(`sent ${SHORT.length}`)
    expect(await settled()).toMatchObject([FINAL])
    expect(recorder.stats().drains).toEqual({ running: 0, ended: { finished: 1 } })
  })

  it.each(Object.keys(WRITERS))('so is one that is compressed after it: %s', async (way) => {
    const { app, metered, serve, upstream, settled } = await scene(SHORT)
    app.use(metered, compression({ threshold: 0 }))
    serve((_request, response) => {
      const write = response.write.bind(response) as (...args: unknown[]) => boolean
      response.write = ((...args: unknown[]) => {
        const room = write(...args)
        response.flush()
        return room
      }) as typeof response.write
      return WRITERS[way]?.(upstream.url, response)
    })
    expect(await left(app, upstream)).toBe(`sent ${SHORT.length}`)
    expect(await settled()).toMatchObject([FINAL])
  })

  it('a Fetch handler of `toExpress` is read to its end', async () => {
    const { app, metered, serve, upstream, recorder, settled } = await scene(SHORT)
    app.use(metered)
    serve(toExpress(() => call(upstream.url)))
    expect(await left(app, upstream)).toBe(`sent ${SHORT.length}`)
    expect(await settled()).toMatchObject([FINAL])
    expect(recorder.stats().drains).toEqual({ running: 0, ended: { finished: 1 } })
  })

  it('a Fetch handler that `withUsage` wraps is read to its end', async () => {
    const { serve, app, upstream, recorder, settled } = await scene(SHORT)
    serve(toExpress(withUsage(() => call(upstream.url), { recorder, onDisconnect: 'drain' })))
    expect(await left(app, upstream)).toBe(`sent ${SHORT.length}`)
    expect(await settled()).toMatchObject([FINAL])
  })

  it('`pipeline` stops the provider itself: what is known by then counts, at once', async () => {
    const { app, metered, serve, upstream, recorder, settled } = await scene(LONG)
    app.use(metered)
    serve(async (_request, response) => {
      await pipeline(Readable.fromWeb(await chunksOf(upstream.url)), typed(response)).catch(() => {})
    })
    expect(await left(app, upstream)).toMatch(/^cut off \d{1,3}$/)
    expect(await settled()).toEqual([])
    expect(recorder.stats()).toMatchObject({ unrecorded: { cancelled: 1 }, drains: { ended: { broken: 1 } } })
  })

  const STOPPED: Record<string, (upstream: string) => RequestHandler> = {
    'pipe()': (upstream) => (_request, response) => WRITERS['pipe()']?.(upstream, response),
    toExpress: (upstream) => toExpress(() => call(upstream)),
  }

  it.each(Object.keys(STOPPED))('past `maxBytes` the provider is stopped at once: %s', async (way) => {
    const { app, metered, serve, upstream, recorder, settled } = await scene(LONG, { drain: { maxBytes: 1_000 } })
    app.use(metered)
    serve(STOPPED[way]?.(upstream.url) as RequestHandler)
    expect(await left(app, upstream)).toMatch(/^cut off \d{1,3}$/)
    expect(await settled()).toEqual([])
    expect(recorder.stats()).toMatchObject({ unrecorded: { cancelled: 1 }, drains: { ended: { too_large: 1 } } })
  })

  it.each(Object.keys(STOPPED))('when the recorder closes the provider is stopped at once: %s', async (way) => {
    const { app, metered, serve, upstream, recorder } = await scene(LONG)
    app.use(metered)
    serve(STOPPED[way]?.(upstream.url) as RequestHandler)
    await leave(await listen(app))
    while (recorder.stats().drains?.running !== 1) await new Promise(setImmediate)
    await recorder.close({ timeoutMs: 0 })
    const [only] = upstream.calls
    expect(await only?.over).toBe('cut off')
    expect(recorder.stats()).toMatchObject({ unrecorded: { cancelled: 1 }, drains: { ended: { settled: 1 } } })
  })

  it('past `maxConcurrent` a request is settled at once', async () => {
    const { app, metered, serve, upstream, recorder, settled } = await scene(SHORT, { drain: { maxConcurrent: 1 } })
    app.use(metered)
    serve((_request, response) => WRITERS['write()']?.(upstream.url, response))
    const url = await listen(app)
    await Promise.all([leave(url), leave(url)])
    const records = await settled()
    expect(recorder.stats().drains?.ended).toEqual({ finished: 1, full: 1 })
    expect(records).toMatchObject([FINAL])
    expect(recorder.stats().unrecorded).toEqual({ cancelled: 1 })
  })

  it.each(Object.keys(WRITERS))('what a handler writes whose client left before is drained too: %s', async (way) => {
    const { app, metered, serve, upstream, recorder, settled } = await scene(SHORT, { drain: { maxBytes: 10_000 } })
    const entered = Promise.withResolvers<void>()
    app.use(metered)
    serve(async (_request, response) => {
      entered.resolve()
      await once(response, 'close')
      await WRITERS[way]?.(upstream.url, response)
    })
    const outgoing = request(`${await listen(app)}/v1/chat/completions`, { method: 'POST' })
    outgoing.on('error', () => {}).end()
    await entered.promise
    outgoing.destroy()
    expect(await settled()).toMatchObject([FINAL])
    expect(recorder.stats().drains).toEqual({ running: 0, ended: { finished: 1 } })
  })

  it('a handler that waits for room when its client leaves goes on', async () => {
    const { app, metered, serve, recorder, settled } = await scene(SHORT)
    const waiting = Promise.withResolvers<void>()
    app.use(metered)
    serve(async (_request, response) => {
      typed(response).write(`: ${'x'.repeat(65_536)}\n\n`.repeat(256))
      waiting.resolve()
      await once(response, 'drain')
      response.end(EVENTS.join(''))
    })
    const incoming = await open(`${await listen(app)}/v1/chat/completions`)
    await waiting.promise
    incoming.destroy()
    expect(await settled()).toMatchObject([FINAL])
    expect(recorder.stats().drains?.ended).toEqual({ finished: 1 })
  })
})

describe('With `cancel`', () => {
  it('the provider behind a Fetch handler is stopped at once', async () => {
    const [upstream, { recorder, settled }] = [await openUpstream(LONG), createBooks()]
    const handler = toNodeHandler(withUsage(() => call(upstream.url), { recorder }))
    expect(await left(handler, upstream)).toMatch(/^cut off \d{1,3}$/)
    await settled()
    expect(recorder.stats().unrecorded).toEqual({ cancelled: 1 })
    expect(recorder.stats()).not.toHaveProperty('drains')
  })
})

describe('With `drain`, `toNodeHandler`', () => {
  it('has a handler that `withUsage` wraps read to its end', async () => {
    const [upstream, { recorder, settled }] = [await openUpstream(SHORT), createBooks()]
    const handler = toNodeHandler(withUsage(() => call(upstream.url), { recorder, onDisconnect: 'drain' }))
    expect(await left(handler, upstream)).toBe(`sent ${SHORT.length}`)
    expect(await settled()).toMatchObject([FINAL])
  })
})
