/**
 * What a chunk costs, in what can be counted: a machine's speed changes times, and no count. `bench` has the times. A
 * count that went down is good news: lower its number here.
 */
import { getEventListeners } from 'node:events'
import { promiseHooks } from 'node:v8'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { processState } from '../src/process.ts'
import { CHAT_URL, metering } from './support/metered.ts'

const EVENT = new TextEncoder().encode(
  `data: ${JSON.stringify({ object: 'chat.completion.chunk', model: 'm', choices: [{ index: 0, delta: { content: 'w' } }], usage: null })}\n\n`,
)

/** The client's pull, the read of the handler's body, and what is done with it. */
const ADDED_PROMISES = 3

type Kind = 'default' | 'bytes'
type Serve = (request: Request) => Promise<Response>

/** A handler that streams so many events, and counts how often its body is asked for one. */
function streaming(kind: Kind, chunks: number) {
  const seen = { pulls: 0 }
  const pull = (controller: { enqueue(chunk: Uint8Array<ArrayBuffer>): void; close(): void }): void => {
    if (seen.pulls++ < chunks) controller.enqueue(EVENT.slice())
    else controller.close()
  }
  const handler: Serve = async () => {
    const body =
      kind === 'bytes'
        ? new ReadableStream({ type: kind, pull }, { highWaterMark: 0 })
        : new ReadableStream({ pull }, { highWaterMark: 0 })
    return new Response(body, { headers: { 'content-type': 'text/event-stream' } })
  }
  return { handler, seen }
}

/** A wrapper that reads the body for the client and looks at nothing. */
function readThroughDoingNothing(handler: Serve): Serve {
  return async (request) => {
    const response = await handler(request)
    const reader = (response.body as ReadableStream<Uint8Array>).getReader()
    const pull = async (controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> => {
      const { done, value } = await reader.read()
      if (done) controller.close()
      else controller.enqueue(value)
    }
    return new Response(new ReadableStream({ pull }, { highWaterMark: 0 }), response)
  }
}

const bare = (handler: Serve): Serve => handler
const metered = (handler: Serve): Serve => metering().wrap(handler)

const request = (): Request => new Request(CHAT_URL, { method: 'POST' })

function readerOf(response: Response): ReadableStreamDefaultReader<Uint8Array> {
  return (response.body as ReadableStream<Uint8Array>).getReader()
}

async function read(reader: ReadableStreamDefaultReader<Uint8Array>, chunks: number): Promise<void> {
  for (let left = chunks; left > 0; left--) await reader.read()
}

/** How often something happens for one chunk more, in the middle of a stream. */
async function eachChunk(wrap: (handler: Serve) => Serve, kind: Kind, count: () => number): Promise<number> {
  const { handler } = streaming(kind, 1_000)
  const reader = readerOf(await wrap(handler)(request()))
  const countedOver = async (chunks: number): Promise<number> => {
    const before = count()
    await read(reader, chunks)
    return count() - before
  }
  await countedOver(100)
  const [few, many] = [await countedOver(100), await countedOver(200)]
  await reader.cancel()
  return (many - few) / 100
}

/** Promises, with those that the engine makes for an `await`. */
async function promisesOfAChunk(wrap: (handler: Serve) => Serve, kind: Kind): Promise<number> {
  let promises = 0
  const stop = promiseHooks.onInit(() => {
    promises++
  })
  try {
    return await eachChunk(wrap, kind, () => promises)
  } finally {
    stop()
  }
}

afterEach(() => void vi.restoreAllMocks())

describe.each(['default', 'bytes'] as const)('A chunk of a stream of %s', (kind) => {
  it('is asked for once, when the client asks', async () => {
    const { handler, seen } = streaming(kind, 50)
    const reader = readerOf(await metered(handler)(request()))
    expect(seen.pulls).toBe(0)
    for (let asked = 1; asked <= 51; asked++) {
      await reader.read()
      expect(seen.pulls).toBe(asked)
    }
  })

  it('makes fewer promises than in a read-through that does nothing', async ({ annotate }) => {
    const promises = {
      bare: await promisesOfAChunk(bare, kind),
      doingNothing: await promisesOfAChunk(readThroughDoingNothing, kind),
      metered: await promisesOfAChunk(metered, kind),
    }
    annotate(JSON.stringify(promises))
    expect(promises.metered).toBeLessThan(promises.doingNothing)
    expect(promises.metered - promises.bare).toBeLessThanOrEqual(ADDED_PROMISES)
  })

  it('enters the async context of its request once', async () => {
    const entered = vi.spyOn(processState().storage, 'run')
    expect(await eachChunk(metered, kind, () => entered.mock.calls.length)).toBeLessThanOrEqual(1)
  })

  it('makes no timer, and one stream keeps one', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'setImmediate'] })
    const made = vi.spyOn(globalThis, 'setTimeout')
    try {
      const { handler } = streaming(kind, 1_000)
      const serve = metered(handler)
      const idle = vi.getTimerCount()
      const reader = readerOf(await serve(request()))
      await read(reader, 10)
      const timers = vi.getTimerCount()
      const before = made.mock.calls.length
      await read(reader, 500)
      expect({ alive: vi.getTimerCount() - idle, made: made.mock.calls.length - before }).toEqual({
        alive: timers - idle,
        made: 0,
      })
      expect(timers - idle).toBe(1)
      await reader.cancel()
    } finally {
      vi.useRealTimers()
    }
  })

  it('adds no listener to the signal of the request, and none stays', async () => {
    const { handler } = streaming(kind, 200)
    const asking = request()
    const listeners = (): number => getEventListeners(asking.signal, 'abort').length
    const reader = readerOf(await metered(handler)(asking))
    await read(reader, 1)
    const first = listeners()
    await read(reader, 150)
    expect({ first, later: listeners() }).toEqual({ first: 1, later: 1 })
    await read(reader, 50)
    expect(listeners()).toBe(0)
  })
})
