import { openUpstream, type Upstream, type UpstreamCall } from '@withusage/testing'
import { describe, expect, it, vi } from 'vitest'
import { stampUsage } from '../src/context.ts'
import type { OnDisconnect } from '../src/drain.ts'
import { meteredFetch } from '../src/metered-fetch.ts'
import { chatEvents, streamFrom } from './support/bodies.ts'
import { type Metering, metering, post } from './support/metered.ts'
import { readerOf } from './support/reading.ts'
import { serve } from './support/serve.ts'

/** Far more than is sent between a client that leaves and a provider that hears of it. */
const LONG = chatEvents(Array<string>(3_000).fill('word '))
const SHORT = chatEvents(Array<string>(30).fill('word '))

type Handler = (request: Request) => Promise<Response>

/** A proxy, which does not tell its upstream when the client has left. */
function proxy(upstream: Upstream, meter: Metering, onDisconnect: OnDisconnect): Handler {
  return meter.wrap(() => fetch(upstream.url, { method: 'POST' }), { onDisconnect })
}

/** Ways in which a client leaves that has had the first chunk. */
const WAYS: Record<string, (handler: Handler) => Promise<void>> = {
  'cancels the body': async (handler) => {
    const reader = readerOf(await handler(post()))
    await reader.read()
    await reader.cancel('left')
  },
  'cancels the body while it waits for a chunk': async (handler) => {
    const reader = readerOf(await handler(post()))
    await reader.read()
    const waiting = reader.read()
    await reader.cancel('left')
    expect(await waiting).toEqual({ done: true, value: undefined })
  },
  'brings memory, and cancels the body': async (handler) => {
    const body = (await handler(post())).body as ReadableStream<Uint8Array<ArrayBuffer>>
    const reader = body.getReader({ mode: 'byob' })
    await reader.read(new Uint8Array(64))
    void reader.read(new Uint8Array(64))
    await reader.cancel('left')
  },
  'aborts the request': async (handler) => {
    const signal = new AbortController()
    const reader = readerOf(await handler(post(undefined, { signal: signal.signal })))
    await reader.read()
    signal.abort('left')
  },
  'aborts the request, and then cancels the body': async (handler) => {
    const signal = new AbortController()
    const reader = readerOf(await handler(post(undefined, { signal: signal.signal })))
    await reader.read()
    signal.abort('left')
    await reader.cancel('left').catch(() => {})
  },
  'closes the connection': async (handler) => {
    const client = new AbortController()
    const { send } = await serve(handler)
    const reader = readerOf(await send('/v1/chat/completions', { signal: client.signal }))
    await reader.read()
    client.abort()
  },
}

/** The one call, when the request is accounted for. */
async function afterwards(upstream: Upstream, meter: Metering): Promise<{ call: UpstreamCall; over: string }> {
  await vi.waitUntil(() => upstream.calls.length > 0, { interval: 1 })
  const [call] = upstream.calls
  if (!call) throw new Error('nobody called')
  const over = await call.over
  await vi.waitUntil(() => meter.recorder.flush().then(() => meter.recorder.stats().inFlight === 0), { interval: 1 })
  return { call, over }
}

describe.each(Object.keys(WAYS))('A client that %s', (way) => {
  const leave = WAYS[way] as (handler: Handler) => Promise<void>

  it("with `'cancel'` has the provider stopped at once", async ({ annotate }) => {
    const [upstream, meter] = [await openUpstream(LONG), metering()]
    await leave(proxy(upstream, meter, 'cancel'))
    const { call, over } = await afterwards(upstream, meter)
    annotate(`cut off after ${call.sent} of ${LONG.length} events`)
    expect(over).toBe('cut off')
    expect(call.sent).toBeLessThan(LONG.length / 10)
    expect(meter.recorder.stats()).toMatchObject({ requests: 1, recorded: 0, unrecorded: { cancelled: 1 } })
    expect(meter.recorder.stats()).not.toHaveProperty('drains')
  })

  it("with `'drain'` has the provider's final count on record", async () => {
    const [upstream, meter] = [await openUpstream(SHORT), metering()]
    await leave(proxy(upstream, meter, 'drain'))
    const { call, over } = await afterwards(upstream, meter)
    expect([over, call.sent]).toEqual(['sent', SHORT.length])
    const counts = { inputTokens: 9, outputTokens: 5, totalTokens: 14 }
    expect(await meter.record()).toMatchObject({ outcome: 'cancelled', final: true, status: 200, ...counts })
    expect(meter.recorder.stats().drains).toEqual({ running: 0, ended: { finished: 1 } })
  })
})

describe('With `drain`, a client that leaves', () => {
  it('before it has read anything is read for', async () => {
    const [upstream, meter] = [await openUpstream(SHORT), metering()]
    await (await proxy(upstream, meter, 'drain')(post())).body?.cancel()
    expect((await afterwards(upstream, meter)).over).toBe('sent')
    expect(await meter.record()).toMatchObject({ outcome: 'cancelled', final: true, outputTokens: 5 })
  })

  it('before the handler answers is read for, though nobody touches the response', async () => {
    const [upstream, meter, signal] = [await openUpstream(SHORT), metering(), new AbortController()]
    const handler = meter.wrap(
      () => {
        signal.abort('left')
        return fetch(upstream.url)
      },
      { onDisconnect: 'drain' },
    )
    const response = await handler(post(undefined, { signal: signal.signal }))
    expect((await afterwards(upstream, meter)).over).toBe('sent')
    expect(await meter.record()).toMatchObject({ outcome: 'cancelled', final: true, outputTokens: 5 })
    expect(await response.text()).toBe('')
  })

  it('ends the call of a handler that gave `request.signal` to it: what is known by then counts', async () => {
    const [upstream, meter, signal] = [await openUpstream(LONG), metering(), new AbortController()]
    const handler = meter.wrap(({ signal }) => fetch(upstream.url, { signal }), { onDisconnect: 'drain' })
    const reader = readerOf(await handler(post(undefined, { signal: signal.signal })))
    await reader.read()
    signal.abort('left')
    const { call, over } = await afterwards(upstream, meter)
    expect(over).toBe('cut off')
    expect(call.sent).toBeLessThan(LONG.length / 10)
    expect(meter.recorder.stats()).toMatchObject({
      unrecorded: { cancelled: 1 },
      drains: { running: 0, ended: { broken: 1 } },
    })
  })

  it('has the calls of `meteredFetch` that the handler reads on record', async () => {
    const [upstream, meter] = [await openUpstream(SHORT), metering()]
    const call = meteredFetch()
    async function* words(): AsyncGenerator<Uint8Array> {
      for await (const chunk of (await call(upstream.url)).body ?? []) yield chunk.subarray(0, 1)
    }
    const handler = meter.wrap(() => new Response(streamFrom(words())), { onDisconnect: 'drain' })
    const reader = readerOf(await handler(post()))
    await reader.read()
    await reader.cancel()
    expect((await afterwards(upstream, meter)).over).toBe('sent')
    expect(await meter.record()).toMatchObject({
      evidence: 'upstream',
      outcome: 'cancelled',
      final: true,
      outputTokens: 5,
    })
  })

  it('has what the handler stamps at the end of its body on record, in a format that nobody reads', async () => {
    const [upstream, meter] = [await openUpstream(SHORT), metering()]
    async function* words(): AsyncGenerator<Uint8Array> {
      let outputTokens = 0
      for await (const chunk of (await fetch(upstream.url)).body ?? []) {
        outputTokens++
        yield chunk.subarray(0, 1)
      }
      stampUsage({ model: 'qwen-7b', inputTokens: 9, outputTokens })
    }
    const handler = meter.wrap(() => new Response(streamFrom(words()), { headers: { 'content-type': 'text/plain' } }), {
      onDisconnect: 'drain',
    })
    const reader = readerOf(await handler(post()))
    await reader.read()
    await reader.cancel()
    await afterwards(upstream, meter)
    const { outputTokens, ...record } = await meter.record()
    expect(record).toMatchObject({ evidence: 'stamp', outcome: 'cancelled', final: true, inputTokens: 9 })
    expect(outputTokens).toBeGreaterThan(1)
  })
})
