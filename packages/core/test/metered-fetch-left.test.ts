import { getEventListeners } from 'node:events'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { meteredFetch } from '../src/metered-fetch.ts'
import { bytesOf, chatEvents, streamOf } from './support/bodies.ts'
import { CHAT_URL, metering } from './support/metered.ts'
import { readerOf } from './support/reading.ts'

/** What a platform calls when nobody holds an object any more, which this one says when it is told to. */
const collected: (() => void)[] = []

vi.stubGlobal(
  'FinalizationRegistry',
  class<Held> {
    readonly #then: (held: Held) => void
    constructor(then: (held: Held) => void) {
      this.#then = then
    }
    register(_: object, held: Held): void {
      collected.push(() => this.#then(held))
    }
  },
)

beforeEach(() => {
  collected.length = 0
  vi.useFakeTimers({ toFake: ['performance', 'setTimeout', 'clearTimeout'] })
})
afterEach(() => void vi.useRealTimers())

it('a stream that is dropped after its last event ended with its last chunk, whenever that is noticed', async () => {
  const meter = metering()
  const events = chatEvents()
  const endless = new ReadableStream<Uint8Array>({
    pull(controller) {
      const event = events.shift()
      return event === undefined ? new Promise<void>(() => {}) : controller.enqueue(bytesOf(event))
    },
  })
  const head = { headers: { 'content-type': 'text/event-stream' } }
  const call = meteredFetch({ recorder: meter.recorder, fetch: async () => new Response(endless, head) })
  const reader = readerOf(await call(CHAT_URL, { method: 'POST' }))
  vi.advanceTimersByTime(250)
  for (const _ of chatEvents()) await reader.read()
  vi.advanceTimersByTime(60_000)
  expect(meter.recorder.stats().inFlight).toBe(1)
  for (const tell of collected) tell()
  expect(await meter.record()).toMatchObject({ outcome: 'complete', final: true, outputTokens: 5, durationMs: 250 })
})

it('a signal that outlives its calls keeps nothing of those that are over, read or dropped', async () => {
  const meter = metering()
  const { signal } = new AbortController()
  const json = { headers: { 'content-type': 'application/json' } }
  const send = async (): Promise<Response> => new Response(streamOf(['{}']), json)
  const call = meteredFetch({ recorder: meter.recorder, fetch: send })
  const responses = [await call(CHAT_URL, { method: 'POST', signal }), await call(CHAT_URL, { method: 'POST', signal })]
  expect(getEventListeners(signal, 'abort')).toHaveLength(2)
  await responses[0]?.text()
  expect(getEventListeners(signal, 'abort')).toHaveLength(1)
  for (const tell of collected) tell()
  expect(getEventListeners(signal, 'abort')).toHaveLength(0)
  expect(meter.recorder.stats()).toMatchObject({ requests: 2, inFlight: 0 })
})
