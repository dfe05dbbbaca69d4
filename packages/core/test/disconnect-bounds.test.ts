import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { configureUsage } from '../src/configuration.ts'
import { stampUsage } from '../src/context.ts'
import { type DrainBounds, type DrainEnd, drainBounds, type OnDisconnect } from '../src/drain.ts'
import { processState } from '../src/process.ts'
import { createRecorder, type Recorder } from '../src/recorder.ts'
import { memoryStore } from '../src/stores/memory.ts'
import { withUsage } from '../src/with-usage.ts'
import { bytesOf, chatEvents, sseEvent } from './support/bodies.ts'
import { type Metering, metering, post } from './support/metered.ts'
import { readerOf, settled } from './support/reading.ts'

const EVENTS = chatEvents().map(bytesOf)
const [FIRST, ...REST] = EVENTS as [Uint8Array, ...Uint8Array[]]
const REST_BYTES = REST.reduce((sum, { length }) => sum + length, 0)
const COUNTS = { inputTokens: 9, outputTokens: 5 }

/** A body that says what the test says, after its first event. */
interface Stage {
  signal: AbortController
  reader: ReadableStreamDefaultReader<Uint8Array>
  upstream: ReadableStreamDefaultController<Uint8Array>
  /** Reasons with which the body was cancelled. */
  cancelled: unknown[]
  body: ReadableStream<Uint8Array>
}

/** A response of which the client has read the first event. */
async function onStage(meter: Metering, drain: Partial<DrainBounds> = {}, options = {}): Promise<Stage> {
  const signal = new AbortController()
  const cancelled: unknown[] = []
  const opened = Promise.withResolvers<ReadableStreamDefaultController<Uint8Array>>()
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => opened.resolve(controller),
    cancel: (reason) => void cancelled.push(reason),
  })
  const handler = meter.wrap(() => new Response(body, { headers: { 'content-type': 'text/event-stream' } }), {
    onDisconnect: { drain },
    ...options,
  })
  const reader = readerOf(await handler(post(undefined, { signal: signal.signal })))
  const upstream = await opened.promise
  upstream.enqueue(FIRST)
  await reader.read()
  return { signal, reader, upstream, cancelled, body }
}

function finish({ upstream }: Stage): Promise<void> {
  for (const event of REST) upstream.enqueue(event)
  upstream.close()
  return settled()
}

const drains = ({ recorder }: { recorder: Recorder }) => recorder.stats().drains
const ended = (...ends: DrainEnd[]) => ({ running: 0, ended: Object.fromEntries(ends.map((end) => [end, 1])) })

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }))
afterEach(() => void vi.useRealTimers())

describe('`maxMs`', () => {
  it('cancels a body that takes longer, with the reason of the client', async () => {
    const meter = metering()
    const { reader, cancelled } = await onStage(meter, { maxMs: 5_000 })
    await reader.cancel('left')
    vi.advanceTimersByTime(4_999)
    await settled()
    expect(cancelled).toEqual([])
    expect(drains(meter)).toEqual({ running: 1, ended: {} })
    vi.advanceTimersByTime(1)
    await settled()
    expect(cancelled).toEqual(['left'])
    expect(drains(meter)).toEqual(ended('too_long'))
    expect(meter.recorder.stats()).toMatchObject({ inFlight: 0, unrecorded: { cancelled: 1 } })
  })

  it('records what was known by then, as a lower bound or as final', async () => {
    for (const events of [2, REST.length]) {
      const meter = metering()
      const { reader, upstream } = await onStage(meter, { maxMs: 5_000 })
      await reader.cancel()
      for (const event of REST.slice(0, events)) upstream.enqueue(event)
      await settled()
      vi.advanceTimersByTime(5_000)
      await settled()
      if (events < 3) expect(meter.recorder.stats().unrecorded).toEqual({ cancelled: 1 })
      else expect(await meter.record()).toMatchObject({ outcome: 'cancelled', final: true, ...COUNTS })
    }
  })

  it('is 60 seconds where nobody says so', async () => {
    const meter = metering()
    const { reader, cancelled } = await onStage(meter)
    await reader.cancel()
    vi.advanceTimersByTime(59_999)
    await settled()
    expect(cancelled).toHaveLength(0)
    vi.advanceTimersByTime(1)
    await settled()
    expect(cancelled).toHaveLength(1)
  })

  it('leaves no timer when the body ends before it', async () => {
    const meter = metering()
    const stage = await onStage(meter)
    await stage.reader.cancel()
    await finish(stage)
    await meter.recorder.flush()
    expect(vi.getTimerCount()).toBe(0)
  })

  it('holds though the chunks are all there already', async () => {
    vi.useRealTimers()
    const meter = metering()
    let left = 100_000
    const pull = (controller: ReadableStreamDefaultController): void => {
      if (left-- > 0) controller.enqueue(FIRST)
      else controller.close()
    }
    const handler = meter.wrap(() => new Response(new ReadableStream({ pull }, { highWaterMark: 0 })), {
      onDisconnect: { drain: { maxMs: 1, maxBytes: Number.MAX_SAFE_INTEGER } },
    })
    await (await handler(post())).body?.cancel()
    await vi.waitUntil(() => meter.recorder.stats().inFlight === 0, { interval: 1 })
    expect(drains(meter)).toEqual(ended('too_long'))
    expect(left).toBeGreaterThan(0)
  })
})

describe('`maxBytes`', () => {
  it('is enough for a body of just as many bytes after the client', async () => {
    const meter = metering()
    const stage = await onStage(meter, { maxBytes: REST_BYTES })
    await stage.reader.cancel()
    await finish(stage)
    expect(drains(meter)).toEqual(ended('finished'))
    expect(await meter.record()).toMatchObject({ outcome: 'cancelled', final: true, ...COUNTS })
  })

  it('counts the chunk that the client waited for', async () => {
    const meter = metering()
    const { reader, upstream, cancelled } = await onStage(meter, { maxBytes: FIRST.length })
    void reader.read()
    await settled()
    await reader.cancel()
    upstream.enqueue(FIRST)
    await settled()
    expect(drains(meter)).toEqual({ running: 1, ended: {} })
    upstream.enqueue(bytesOf('x'))
    await settled()
    expect(drains(meter)).toEqual(ended('too_large'))
    expect(cancelled).toHaveLength(1)
  })

  it('cancels a body with one byte more; what came by then is known', async () => {
    const meter = metering()
    const stage = await onStage(meter, { maxBytes: REST_BYTES - 1 })
    await stage.reader.cancel('left')
    for (const event of REST) stage.upstream.enqueue(event)
    await settled()
    expect(stage.cancelled).toEqual(['left'])
    expect(drains(meter)).toEqual(ended('too_large'))
    expect(await meter.record()).toMatchObject({ outcome: 'cancelled', final: true, ...COUNTS })
  })

  it('is 8 MiB where nobody says so', () => {
    expect(drainBounds('drain')).toEqual({ maxMs: 60_000, maxBytes: 8 * 1024 * 1024, maxConcurrent: 100 })
    expect(drainBounds({ drain: { maxMs: 1, maxBytes: 2, maxConcurrent: 3 } })).toEqual({
      maxMs: 1,
      maxBytes: 2,
      maxConcurrent: 3,
    })
  })
})

describe('`maxConcurrent`', () => {
  it('cancels the body of one client more at once, until one of the others has ended', async () => {
    const meter = metering()
    const stages: Stage[] = []
    for (let client = 0; client < 4; client++) stages.push(await onStage(meter, { maxConcurrent: 2 }))
    for (const { reader } of stages.slice(0, 3)) await reader.cancel('left')
    expect(stages.map(({ cancelled }) => cancelled)).toEqual([[], [], ['left'], []])
    expect(drains(meter)).toEqual({ running: 2, ended: { full: 1 } })
    await finish(stages[0] as Stage)
    await stages[3]?.reader.cancel('left')
    expect(drains(meter)).toEqual({ running: 2, ended: { full: 1, finished: 1 } })
    await finish(stages[1] as Stage)
    await finish(stages[3] as Stage)
    expect(drains(meter)).toEqual({ running: 0, ended: { full: 1, finished: 3 } })
    expect(stages.map(({ cancelled }) => cancelled)).toEqual([[], [], ['left'], []])
    expect(meter.recorder.stats()).toMatchObject({ requests: 4, unrecorded: { cancelled: 1 } })
    expect(await meter.records()).toHaveLength(3)
  })

  it('counts a client that aborts and then cancels once', async () => {
    const meter = metering()
    const [first, second] = [await onStage(meter, { maxConcurrent: 1 }), await onStage(meter, { maxConcurrent: 1 })]
    await first.reader.cancel()
    second.signal.abort('left')
    await second.reader.cancel('left').catch(() => {})
    expect(drains(meter)).toEqual({ running: 1, ended: { full: 1 } })
    await finish(first)
  })

  it('is of one recorder', async () => {
    const [one, another] = [metering(), metering()]
    const [first, second] = [await onStage(one, { maxConcurrent: 1 }), await onStage(another, { maxConcurrent: 1 })]
    await first.reader.cancel()
    await second.reader.cancel()
    expect([drains(one)?.running, drains(another)?.running]).toEqual([1, 1])
    await finish(first)
    await finish(second)
  })
})

describe('A drain ends', () => {
  it('as `broken` when its body does, which is no failure to a client that left before', async () => {
    const meter = metering()
    const { reader, upstream, cancelled } = await onStage(meter)
    await reader.cancel()
    for (const event of REST.slice(0, 3)) upstream.enqueue(event)
    await settled()
    upstream.error(new Error('the provider is gone'))
    await settled()
    expect(drains(meter)).toEqual(ended('broken'))
    expect(cancelled).toEqual([])
    expect(await meter.record()).toMatchObject({ outcome: 'cancelled', ...COUNTS })
  })

  it('with `no_usage` when the body was read to its end and told of none', async () => {
    const meter = metering()
    const { reader, upstream } = await onStage(meter)
    await reader.cancel()
    upstream.close()
    await settled()
    expect(meter.recorder.stats().unrecorded).toEqual({ no_usage: 1 })
  })

  it('as `settled` when nothing comes for `idleTimeoutMs`, and the body is cancelled', async () => {
    const meter = metering()
    const { reader, cancelled } = await onStage(meter, {}, { idleTimeoutMs: 800 })
    await reader.cancel('left')
    vi.advanceTimersByTime(1_000)
    await settled()
    expect(cancelled).toEqual(['left'])
    expect(drains(meter)).toEqual(ended('settled'))
    expect(meter.recorder.stats().unrecorded).toEqual({ cancelled: 1 })
  })

  it('by the timeout of `close()`, and the body is cancelled', async () => {
    const meter = metering()
    const { reader, upstream, cancelled } = await onStage(meter)
    await reader.cancel('left')
    for (const event of REST) upstream.enqueue(event)
    const closed = meter.recorder.close({ timeoutMs: 500 })
    await vi.advanceTimersByTimeAsync(499)
    expect(cancelled).toEqual([])
    await vi.advanceTimersByTimeAsync(1)
    await closed
    expect(cancelled).toEqual(['left'])
    expect(drains(meter)).toEqual(ended('settled'))
    expect(await meter.record()).toMatchObject({ outcome: 'cancelled', final: true, ...COUNTS })
  })

  it('not begun once `close()` is over: a request that began later holds nothing back', async () => {
    const meter = metering()
    await meter.recorder.close()
    const { reader, cancelled } = await onStage(meter)
    await reader.cancel('left')
    expect(cancelled).toEqual(['left'])
    expect(meter.recorder.stats()).toMatchObject({ requests: 1, inFlight: 0 })
    expect(drains(meter)).toBeUndefined()
  })

  it('before `close()` does, when the body ends in time', async () => {
    const meter = metering()
    const stage = await onStage(meter)
    await stage.reader.cancel()
    const closed = meter.recorder.close({ timeoutMs: 500 })
    await finish(stage)
    await closed
    expect(drains(meter)).toEqual(ended('finished'))
    expect(await meter.record()).toMatchObject({ outcome: 'cancelled', final: true, ...COUNTS })
  })

  it.each([
    ['when its handler, which hears that the client has left, ended the body', 'finished'],
    ['when a bound did', 'too_long'],
  ] as const)('and a count that its provider may go on with is a lower bound %s', async (_name, end) => {
    const meter = metering()
    const { reader, upstream } = await onStage(meter, { maxMs: 10 })
    const usage = { prompt_tokens: 9, completion_tokens: 5, total_tokens: 14 }
    const running = { object: 'chat.completion.chunk', choices: [{ index: 0, delta: { content: 'Hel' } }], usage }
    upstream.enqueue(bytesOf(sseEvent(running)))
    await reader.cancel()
    await settled()
    if (end === 'finished') upstream.close()
    else vi.advanceTimersByTime(10)
    await settled()
    expect(drains(meter)).toEqual(ended(end))
    expect(await meter.record()).toMatchObject({ outcome: 'cancelled', ...COUNTS, final: false })
  })

  it('never begins for a request that is settled already: the body is cancelled', async () => {
    const meter = metering()
    const { reader, cancelled } = await onStage(meter)
    const closed = meter.recorder.close({ timeoutMs: 0 })
    await vi.advanceTimersByTimeAsync(1)
    await closed
    await reader.cancel('left')
    expect(cancelled).toEqual(['left'])
    expect(drains(meter)).toBeUndefined()
  })
})

describe('While a body is drained', () => {
  it('`waitUntil` waits for its record', async () => {
    const meter = metering()
    const waiting: Promise<void>[] = []
    const stage = await onStage(meter, {}, { waitUntil: (promise: Promise<void>) => void waiting.push(promise) })
    let acknowledged = false
    void waiting[0]?.then(() => {
      acknowledged = true
    })
    await stage.reader.cancel()
    await meter.recorder.flush()
    await settled()
    expect(acknowledged).toBe(false)
    await finish(stage)
    await meter.recorder.flush()
    await settled()
    expect(acknowledged).toBe(true)
    expect(await meter.record()).toMatchObject({ final: true, ...COUNTS })
  })

  it('its handler stamps in the context of the request, also in its last moments', async () => {
    const meter = metering()
    const pulled = [FIRST]
    const body = new ReadableStream<Uint8Array>(
      {
        pull(controller) {
          const next = pulled.shift()
          if (next) return controller.enqueue(next)
          stampUsage({ model: 'qwen-7b', inputTokens: 9 })
          return new Promise(() => {})
        },
        cancel: () => stampUsage({ outputTokens: 5 }),
      },
      { highWaterMark: 0 },
    )
    const handler = meter.wrap(() => new Response(body), { onDisconnect: { drain: { maxMs: 10 } } })
    const reader = readerOf(await handler(post()))
    await reader.read()
    await reader.cancel()
    await settled()
    vi.advanceTimersByTime(10)
    await settled()
    expect(await meter.record()).toMatchObject({ evidence: 'stamp', outcome: 'cancelled', ...COUNTS })
  })

  it('what its handler says when it is cut off still counts, also a moment later', async () => {
    const meter = metering()
    const body = new ReadableStream<Uint8Array>({
      pull: () => new Promise(() => {}),
      async cancel() {
        await settled()
        stampUsage({ model: 'qwen-7b', ...COUNTS })
      },
    })
    const handler = meter.wrap(() => new Response(body), { onDisconnect: { drain: { maxMs: 10 } } })
    await (await handler(post())).body?.cancel()
    vi.advanceTimersByTime(10)
    for (let turn = 0; turn < 3; turn++) await settled()
    expect(await meter.record()).toMatchObject({ evidence: 'stamp', outcome: 'cancelled', ...COUNTS })
  })

  it('its client gets no more of it, and never an end that makes it look whole', async () => {
    const meter = metering()
    const stage = await onStage(meter)
    const reason = new Error('the deadline of the request has passed')
    const waiting = stage.reader.read()
    await settled()
    stage.signal.abort(reason)
    await Promise.all([expect(waiting).rejects.toBe(reason), finish(stage)])
    await expect(stage.reader.read()).rejects.toBe(reason)
    expect(await meter.record()).toMatchObject({ outcome: 'cancelled', final: true, ...COUNTS })
  })

  it('chunks that are no bytes make it unreadable, and end nothing', async () => {
    const meter = metering()
    const stage = await onStage(meter)
    await stage.reader.cancel()
    stage.upstream.enqueue({} as Uint8Array)
    await finish(stage)
    expect(drains(meter)).toEqual(ended('finished'))
    expect(meter.recorder.stats().unrecorded).toEqual({ unreadable_body: 1 })
  })

  it('a compressed body is decoded to its end', async () => {
    const meter = metering()
    vi.useRealTimers()
    const plain = new Blob(EVENTS as Uint8Array<ArrayBuffer>[]).stream()
    const body = plain.pipeThrough(new CompressionStream('gzip'))
    const headers = { 'content-type': 'text/event-stream', 'content-encoding': 'gzip' }
    const handler = meter.wrap(() => new Response(body, { headers }), { onDisconnect: 'drain' })
    await (await handler(post())).body?.cancel()
    await vi.waitUntil(() => meter.recorder.flush().then(() => meter.recorder.stats().recorded === 1), { interval: 1 })
    expect(await meter.record()).toMatchObject({ outcome: 'cancelled', final: true, ...COUNTS })
  })

  it('the body is locked, and afterwards no more', async () => {
    const meter = metering()
    const stage = await onStage(meter)
    await stage.reader.cancel()
    expect(stage.body.locked).toBe(true)
    await finish(stage)
    expect(stage.body.locked).toBe(false)
  })

  it('the process may end', async () => {
    vi.useRealTimers()
    const script = join(import.meta.dirname, 'support', 'drained-exit.ts')
    const { stdout } = await promisify(execFile)(process.execPath, [script], { timeout: 20_000 })
    expect(JSON.parse(stdout)).toEqual({ running: 1, ended: {} })
  })
})

describe('`onDisconnect`', () => {
  afterEach(() => {
    processState().configuration = null
  })

  it.each<[onDisconnect: unknown, seen: string]>([
    ['drop', 'got drop in onDisconnect'],
    [null, 'got null in onDisconnect'],
    [true, 'got true in onDisconnect'],
    [['drain'], 'got drain in onDisconnect'],
    [{}, 'got undefined in onDisconnect.drain'],
    [{ drain: true }, 'got true in onDisconnect.drain'],
    [{ drain: {}, cancel: {} }, 'got a field "cancel" in onDisconnect'],
    [{ drain: { maxMS: 5 } }, 'got a field "maxMS" in onDisconnect.drain'],
    [{ drain: { maxMs: 0 } }, 'onDisconnect.drain.maxMs must be a whole number from 1 to 2147483647; got 0'],
    [{ drain: { maxMs: 2 ** 31 } }, 'onDisconnect.drain.maxMs must be a whole number from 1 to 2147483647'],
    [{ drain: { maxBytes: 1.5 } }, 'onDisconnect.drain.maxBytes must be a whole number of at least 1; got 1.5'],
    [
      { drain: { maxConcurrent: '50' } },
      'onDisconnect.drain.maxConcurrent must be a whole number of at least 1; got 50',
    ],
  ])('may not be %j', (onDisconnect, seen) => {
    const options = { onDisconnect: onDisconnect as OnDisconnect }
    const error = expect.objectContaining({ code: 'bad-option', message: expect.stringContaining(seen) })
    expect(() => withUsage(() => new Response(), options)).toThrow(error)
    expect(() => configureUsage(options)).toThrow(error)
    expect(processState().configuration).toBeNull()
  })

  it('of the process holds for a handler that has none, and a handler wins', async () => {
    configureUsage({ onDisconnect: 'drain' })
    for (const [options, cancelledThen] of [
      [{ onDisconnect: undefined }, []],
      [{ onDisconnect: 'cancel' }, ['left']],
    ] as const) {
      const meter = metering()
      const stage = await onStage(meter, {}, options)
      await stage.reader.cancel('left')
      expect(stage.cancelled).toEqual(cancelledThen)
      if (cancelledThen.length === 0) await finish(stage)
    }
  })

  it('changes nothing for a client that reads to the end', async () => {
    const meter = metering()
    const stage = await onStage(meter)
    for (const event of REST) stage.upstream.enqueue(event)
    stage.upstream.close()
    for (let result = await stage.reader.read(); !result.done; result = await stage.reader.read());
    expect(await meter.record()).toMatchObject({ outcome: 'complete', final: true, ...COUNTS })
    expect(drains(meter)).toBeUndefined()
  })

  it('needs no recorder that knows it: the body is cancelled, and that is reported', async () => {
    const meter = metering()
    const recorder = createRecorder({ store: memoryStore() })
    Object.assign(recorder, { drain: undefined })
    const stage = await onStage(meter, {}, { recorder })
    await stage.reader.cancel('left')
    expect(stage.cancelled).toEqual(['left'])
    expect(meter.errors.map(({ code }) => code)).toEqual(['internal'])
    expect(recorder.stats()).toMatchObject({ requests: 1, inFlight: 0, unrecorded: { cancelled: 1 } })
  })
})
