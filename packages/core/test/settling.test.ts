import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { optionsResolver, type ResolvedOptions } from '../src/configuration.ts'
import { stampUsage } from '../src/context.ts'
import { Exchange } from '../src/exchange.ts'
import type { Recorder } from '../src/recorder.ts'
import { bytesOf, chatCompletion, chatEvents, json } from './support/bodies.ts'
import { type Metering, metering, post } from './support/metered.ts'
import { readerOf, settled } from './support/reading.ts'

const IDLE_MS = 60_000
/** It is looked for eight times as often. */
const IDLE_PAST_MS = IDLE_MS + IDLE_MS / 8 + 1

/** The events before the last, and then whatever the test says. */
interface Stage {
  meter: Metering
  reader: ReadableStreamDefaultReader<Uint8Array>
  signal: AbortController
  upstream: ReadableStreamDefaultController<Uint8Array>
  cancelled: unknown[]
}

/** A response of which the client has read the first event. */
async function onStage(): Promise<Stage> {
  const meter = metering()
  const signal = new AbortController()
  const cancelled: unknown[] = []
  const opened = Promise.withResolvers<ReadableStreamDefaultController<Uint8Array>>()
  const handler = meter.wrap(
    () => {
      const body = new ReadableStream<Uint8Array>({
        start: (controller) => opened.resolve(controller),
        cancel: (reason) => void cancelled.push(reason),
      })
      return new Response(body, { headers: { 'content-type': 'text/event-stream' } })
    },
    { idleTimeoutMs: IDLE_MS },
  )
  const reader = readerOf(await handler(post(undefined, { signal: signal.signal })))
  const upstream = await opened.promise
  upstream.enqueue(bytesOf(chatEvents()[0] as string))
  await reader.read()
  return { meter, reader, signal, upstream, cancelled }
}

const ENDS: Record<string, (stage: Stage) => Promise<unknown>> = {
  async complete({ reader, upstream }) {
    upstream.close()
    await reader.read()
  },
  cancel: ({ reader }) => reader.cancel('left'),
  async error({ reader, upstream }) {
    upstream.error(new Error('upstream closed'))
    await reader.read()
  },
  async abort({ signal }) {
    signal.abort('left')
  },
  async idle() {
    vi.advanceTimersByTime(IDLE_PAST_MS)
  },
  async close({ meter }) {
    const closed = meter.recorder.close({ timeoutMs: 5 })
    await vi.advanceTimersByTimeAsync(10)
    await closed
  },
}

/** What each end is counted as when it is the first and no usage is known. */
const REASONS: Record<string, string> = {
  complete: 'no_usage',
  cancel: 'cancelled',
  error: 'failed',
  abort: 'cancelled',
  idle: 'idle_timeout',
  close: 'cancelled',
}

const PAIRS = Object.keys(ENDS).flatMap((first) => Object.keys(ENDS).map((second) => [first, second] as const))

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }))
afterEach(() => void vi.useRealTimers())

describe('A request is settled once, and the first end decides', () => {
  it.each(PAIRS)('%s, then %s', async (first, second) => {
    const stage = await onStage()
    await ENDS[first]?.(stage).catch(() => {})
    await settled()
    const { requests, inFlight, unrecorded } = stage.meter.recorder.stats()
    expect({ requests, inFlight, unrecorded }).toEqual({
      requests: 1,
      inFlight: 0,
      unrecorded: { [REASONS[first] as string]: 1 },
    })
    await ENDS[second]?.(stage).catch(() => {})
    await settled()
    expect(stage.meter.recorder.stats()).toMatchObject({
      requests: 1,
      inFlight: 0,
      recorded: 0,
      ignored: {},
      unrecorded,
    })
  })

  it.each(Object.keys(ENDS))('the record that was decided by %s is not touched by later events', async (first) => {
    const stage = await onStage()
    stage.upstream.enqueue(bytesOf(chatEvents().at(-2) as string))
    await stage.reader.read()
    await ENDS[first]?.(stage).catch(() => {})
    for (const end of Object.values(ENDS)) await end(stage).catch(() => {})
    const outcome = { complete: 'complete', error: 'failed' }[first] ?? 'cancelled'
    expect(await stage.meter.record()).toMatchObject({ outcome, inputTokens: 9, outputTokens: 5 })
  })
})

describe('An abort of the request', () => {
  it('cancels the body of the handler with its reason', async () => {
    const { signal, cancelled } = await onStage()
    signal.abort('left')
    expect(cancelled).toEqual(['left'])
  })

  it('never looks like the end of the body to a client that reads on', async () => {
    const { reader, signal } = await onStage()
    const waiting = reader.read()
    const reason = new Error('the deadline of the request has passed')
    signal.abort(reason)
    await expect(waiting).rejects.toBe(reason)
    await expect(reader.read()).rejects.toBe(reason)
  })

  it('before the handler returns is settled, and the body cancelled though nobody reads it', async () => {
    const meter = metering()
    const signal = new AbortController()
    const cancelled: unknown[] = []
    const handler = meter.wrap(async () => {
      signal.abort('left early')
      const body = new ReadableStream({ cancel: (reason) => void cancelled.push(reason) })
      return new Response(body, { headers: { 'content-type': 'text/event-stream' } })
    })
    await handler(post(undefined, { signal: signal.signal }))
    await settled()
    expect(cancelled).toEqual(['left early'])
    expect(meter.recorder.stats()).toMatchObject({ inFlight: 0, unrecorded: { cancelled: 1 } })
  })

  it('before the handler returns makes no record complete', async () => {
    const answers = [() => new Response('Hello'), () => json({}), () => new Response(null, { status: 500 })]
    for (const answer of answers) {
      const meter = metering()
      const signal = new AbortController()
      const handler = meter.wrap(async () => {
        signal.abort('left early')
        stampUsage({ model: 'qwen-7b', inputTokens: 21 })
        return answer()
      })
      await handler(post(undefined, { signal: signal.signal }))
      await settled()
      expect(await meter.record()).toMatchObject({ evidence: 'stamp', outcome: 'cancelled' })
    }
  })

  it('is ignored once the body has ended, and no listener is left behind', async () => {
    const meter = metering()
    const request = post(undefined, { signal: new AbortController().signal })
    const listening = new Set<unknown>()
    vi.spyOn(request.signal, 'addEventListener').mockImplementation((_, listener) => void listening.add(listener))
    vi.spyOn(request.signal, 'removeEventListener').mockImplementation((_, listener) => void listening.delete(listener))
    const response = await meter.wrap(() => new Response('Hello'))(request)
    expect(listening.size).toBe(1)
    await response.text()
    expect(listening.size).toBe(0)
  })
})

describe('On Deno, where the signal aborts on every completion', () => {
  afterEach(() => void vi.unstubAllGlobals())

  it('it is not even looked at', async () => {
    vi.stubGlobal('Deno', {})
    const meter = metering()
    const request = post()
    const signal = vi.spyOn(request, 'signal', 'get')
    await (await meter.wrap(() => json(chatCompletion()))(request)).text()
    expect(signal).not.toHaveBeenCalled()
    expect(await meter.record()).toMatchObject({ outcome: 'complete' })
  })
})

describe('A request whose record cannot be made', () => {
  it('is accounted for all the same', async () => {
    const meter = metering()
    const open: Recorder['open'] = (request) => {
      const ticket = meter.recorder.open(request)
      return new Proxy(ticket, {
        get(_, name) {
          if (name === 'record') throw new Error('a recorder of another make')
          const value: unknown = Reflect.get(ticket, name, ticket)
          return typeof value === 'function' ? value.bind(ticket) : value
        },
      })
    }
    const recorder = new Proxy(meter.recorder, {
      get: (_, name) => (name === 'open' ? open : Reflect.get(meter.recorder, name, meter.recorder)),
    })
    await (await meter.wrap(() => json(chatCompletion()), { recorder })(post())).text()
    expect(meter.recorder.stats()).toMatchObject({ inFlight: 0, unrecorded: { record_failed: 1 } })
    expect(meter.errors.map(({ code }) => code)).toEqual(['internal'])
  })
})

describe('A recorder that closes while the handler is at work', () => {
  it('settles the request as cancelled, and the answer goes out untouched', async () => {
    const meter = metering()
    const answer = Promise.withResolvers<Response>()
    const response = new Response('Hello')
    const pending = meter.wrap(() => answer.promise)(post())
    await ENDS.close?.({ meter } as Stage)
    expect(meter.recorder.stats()).toMatchObject({ inFlight: 0, unrecorded: { cancelled: 1 } })
    answer.resolve(response)
    expect(await pending).toBe(response)
  })

  it('records what was stamped by then', async () => {
    const meter = metering()
    const answer = Promise.withResolvers<Response>()
    const pending = meter.wrap(() => {
      stampUsage({ model: 'qwen-7b', inputTokens: 9 })
      return answer.promise
    })(post())
    await ENDS.close?.({ meter } as Stage)
    expect(await meter.record()).toMatchObject({ status: 0, outcome: 'cancelled', inputTokens: 9 })
    answer.resolve(new Response('Hello'))
    await (await pending).text()
  })
})

describe('The idle timeout', () => {
  it('starts again with every chunk', async () => {
    const { meter, reader, upstream } = await onStage()
    for (let chunk = 0; chunk < 5; chunk++) {
      vi.advanceTimersByTime(IDLE_MS - 1)
      upstream.enqueue(bytesOf(': ping\n\n'))
      await reader.read()
    }
    expect(meter.recorder.stats().inFlight).toBe(1)
    vi.advanceTimersByTime(IDLE_PAST_MS)
    expect(meter.recorder.stats()).toMatchObject({ inFlight: 0, unrecorded: { idle_timeout: 1 } })
  })

  it('starts again when the client asks, though nothing comes', async () => {
    const { meter, reader } = await onStage()
    vi.advanceTimersByTime(IDLE_MS - 1)
    void reader.read()
    vi.advanceTimersByTime(IDLE_MS - 1)
    expect(meter.recorder.stats().inFlight).toBe(1)
    vi.advanceTimersByTime(IDLE_PAST_MS - IDLE_MS)
    expect(meter.recorder.stats()).toMatchObject({ inFlight: 0, unrecorded: { idle_timeout: 1 } })
  })

  it('settles a response that no one ever reads', async () => {
    const meter = metering()
    await meter.wrap(() => new Response('Hello'), { idleTimeoutMs: IDLE_MS })(post())
    vi.advanceTimersByTime(IDLE_PAST_MS)
    expect(meter.recorder.stats().unrecorded).toEqual({ idle_timeout: 1 })
  })

  it('does not end the bytes', async () => {
    const { reader, upstream } = await onStage()
    vi.advanceTimersByTime(IDLE_PAST_MS)
    upstream.enqueue(bytesOf('late'))
    upstream.close()
    expect((await reader.read()).value).toEqual(bytesOf('late'))
    expect((await reader.read()).done).toBe(true)
  })

  it('keeps no timer once the request is settled', async () => {
    const { reader, upstream, meter } = await onStage()
    upstream.close()
    await reader.read()
    await meter.recorder.flush()
    expect(vi.getTimerCount()).toBe(0)
  })
})

describe('An exchange that is pushed', () => {
  /** As an adapter of a framework does it that writes chunks. */
  function open(meter: Metering, options: Partial<ResolvedOptions> = {}): Exchange {
    const recorder: Recorder = meter.recorder
    const request = { method: 'POST', url: '/v1/chat/completions', headers: new Headers() }
    return new Exchange({ request, options: { ...optionsResolver({ recorder })(), ...options, recorder } })
  }

  const HEAD = { status: 200, headers: new Headers({ 'content-type': 'text/event-stream' }), hasBody: true }

  it('is recorded when its chunks have passed', async () => {
    const meter = metering()
    const exchange = open(meter)
    expect(exchange.answer(HEAD)).toBe(true)
    for (const event of chatEvents()) exchange.chunk(bytesOf(event))
    exchange.end('complete')
    expect(await meter.record()).toMatchObject({ inputTokens: 9, outputTokens: 5, outcome: 'complete', streamed: true })
  })

  it('takes its events in any order, and more than once', async () => {
    const meter = metering()
    const exchange = open(meter)
    exchange.asked()
    exchange.chunk(bytesOf('before the head'))
    exchange.answer(HEAD)
    exchange.chunk(bytesOf(chatEvents().join('')))
    exchange.end('complete')
    exchange.end('cancelled')
    exchange.chunk(bytesOf('late'))
    exchange.asked()
    exchange.threw()
    expect(exchange.answer(HEAD)).toBe(false)
    expect(await meter.record()).toMatchObject({ status: 200, outcome: 'complete', outputTokens: 5 })
  })

  it('needs no observing when its head says all', () => {
    const meter = metering()
    const exchange = open(meter)
    expect(exchange.answer({ ...HEAD, status: 404 })).toBe(false)
    exchange.end('failed')
    expect(meter.recorder.stats()).toMatchObject({ inFlight: 0, ignored: { status_4xx: 1 } })
  })

  it('that ends before it was answered is settled', () => {
    const meter = metering()
    const exchange = open(meter)
    exchange.end('cancelled')
    expect(exchange.answer(HEAD)).toBe(false)
    expect(meter.recorder.stats()).toMatchObject({ requests: 1, inFlight: 0, unrecorded: { cancelled: 1 } })
  })

  it('acknowledges when the store has its record, or its count', async () => {
    const meter = metering()
    const order: string[] = []
    const recorded = open(meter)
    void recorded.acknowledged().then(() => order.push('recorded'))
    recorded.answer(HEAD)
    recorded.chunk(bytesOf(chatEvents().join('')))
    recorded.end('complete')
    const counted = open(meter)
    counted.answer({ ...HEAD, status: 500 })
    void counted.acknowledged().then(() => order.push('counted'))
    await settled()
    expect(order).toEqual([])
    await meter.recorder.flush()
    await settled()
    expect(order.toSorted()).toEqual(['counted', 'recorded'])
  })
})
