import { createServer, request as nodeRequest, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import fc from 'fast-check'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { defineFormat } from '../src/formats/format.ts'
import { createRecorder } from '../src/recorder.ts'
import { memoryStore } from '../src/stores/memory.ts'
import { withUsage } from '../src/with-usage.ts'
import { bytesOf, chatCompletion, chatEvents, json, sse, streamOf } from './support/bodies.ts'
import { type Metering, metering, post } from './support/metered.ts'
import { chunksOf, readerOf, settled } from './support/reading.ts'

const CONTENT_TYPES = [
  'application/json',
  'text/event-stream; charset=utf-8',
  'application/x-ndjson',
  'text/plain',
  'application/octet-stream',
  'image/png',
  null,
]

/** Chunks as the client gets them must be these very bytes, so they are compared with a copy. */
const chunk = fc.uint8Array({ maxLength: 40 })
const lifelike = fc.constantFrom(...chatEvents(), JSON.stringify(chatCompletion())).map(bytesOf)
const bodyChunks = fc.array(fc.oneof(chunk, lifelike), { maxLength: 12 })

function headersOf(contentType: string | null): Record<string, string> {
  return contentType === null ? {} : { 'content-type': contentType }
}

/** A byte stream refuses chunks of no bytes, with or without us. */
function byteStreamOf(chunks: Iterable<Uint8Array>): ReadableStream<Uint8Array> {
  const left = [...chunks]
  return new ReadableStream({
    type: 'bytes',
    pull(controller) {
      const next = left.shift()
      if (next !== undefined) controller.enqueue(next.slice())
      else {
        controller.close()
        controller.byobRequest?.respond(0)
      }
    },
  })
}

describe('The bytes of the handler are the bytes of the client', () => {
  it('gives random bytes under every content type in the same chunks and the same order', async () => {
    const { wrap } = metering()
    await fc.assert(
      fc.asyncProperty(bodyChunks, fc.constantFrom(...CONTENT_TYPES), async (chunks, contentType) => {
        const expected = chunks.map((bytes) => [...bytes])
        const handler = wrap(() => new Response(streamOf(chunks), { headers: headersOf(contentType) }))
        const received = await chunksOf(await handler(post()))
        expect(received.map((bytes) => [...bytes])).toEqual(expected)
      }),
    )
  })

  it('hands on the very chunk, not a copy', async () => {
    const { wrap } = metering()
    const sent = [bytesOf('data: 1\n\n'), bytesOf('data: 2\n\n')]
    const received = await chunksOf(await wrap(() => sse(sent))(post()))
    expect(received[0]).toBe(sent[0])
    expect(received[1]).toBe(sent[1])
  })

  it('hands on chunks of no bytes', async () => {
    const { wrap } = metering()
    const sent = [new Uint8Array(0), bytesOf('data: 1\n\n'), new Uint8Array(0)]
    const received = await chunksOf(await wrap(() => sse(sent))(post()))
    expect(received.map((bytes) => bytes.length)).toEqual([0, 9, 0])
  })

  it('hands on chunks that are not bytes, as they would come unwrapped', async () => {
    const { wrap } = metering()
    const words = new ReadableStream({
      start(controller) {
        controller.enqueue('not bytes')
        controller.close()
      },
    })
    const response = await wrap(() => new Response(words, { headers: headersOf('text/event-stream') }))(post())
    expect(await chunksOf(response)).toEqual(['not bytes'])
  })

  it("leaves the handler's body unlocked when it was read to its end, as a server does", async () => {
    const { wrap } = metering()
    for (const body of [streamOf(chatEvents()), byteStreamOf(chatEvents().map(bytesOf))]) {
      await (await wrap(() => new Response(body, { headers: headersOf('text/event-stream') }))(post())).text()
      expect(body.locked).toBe(false)
    }
  })

  it('keeps status, reason, headers and every set-cookie', async () => {
    const { wrap } = metering()
    const handler = wrap(() => {
      const headers = new Headers({ 'content-type': 'text/event-stream', 'x-provider': 'a, b' })
      headers.append('set-cookie', 'a=1; Path=/')
      headers.append('set-cookie', 'b=2; Expires=Thu, 01 Jan 2037 00:00:00 GMT')
      return new Response(streamOf(chatEvents()), { status: 207, statusText: 'Many Things', headers })
    })
    const response = await handler(post())
    expect([response.status, response.statusText]).toEqual([207, 'Many Things'])
    expect([...response.headers]).toEqual([
      ['content-type', 'text/event-stream'],
      ['set-cookie', 'a=1; Path=/'],
      ['set-cookie', 'b=2; Expires=Thu, 01 Jan 2037 00:00:00 GMT'],
      ['x-provider', 'a, b'],
    ])
    await response.arrayBuffer()
  })

  it('keeps the headers of a compressed body that the handler made itself', async () => {
    const { wrap, recorder, record } = metering()
    const zipped = new Response(new Response(JSON.stringify(chatCompletion())).body?.pipeThrough(gzip()))
    const bytes = new Uint8Array(await zipped.arrayBuffer())
    const headers = {
      ...headersOf('application/json'),
      'content-encoding': 'gzip',
      'content-length': `${bytes.length}`,
    }
    const response = await wrap(() => new Response(streamOf([bytes]), { headers }))(post())
    expect(response.headers.get('content-encoding')).toBe('gzip')
    expect(response.headers.get('content-length')).toBe(`${bytes.length}`)
    expect(new Uint8Array(await response.arrayBuffer())).toEqual(bytes)
    await recorder.close()
    expect(await record()).toMatchObject({ inputTokens: 9, outputTokens: 5 })
  })
})

function gzip(): ReadableWritablePair<Uint8Array, Uint8Array> {
  return new CompressionStream('gzip') as unknown as ReadableWritablePair<Uint8Array, Uint8Array>
}

describe('Upstream is read as the client asks', () => {
  /** Counts what the handler's stream was asked for. */
  function counted(chunks: number): { response: Response; pulls(): number } {
    let pulls = 0
    const body = new ReadableStream<Uint8Array>(
      {
        pull(controller) {
          if (pulls++ < chunks) controller.enqueue(bytesOf('data: {}\n\n'))
          else controller.close()
        },
      },
      { highWaterMark: 0 },
    )
    return { response: new Response(body, { headers: headersOf('text/event-stream') }), pulls: () => pulls }
  }

  it('reads nothing before the client asks', async () => {
    const { wrap } = metering()
    const { response, pulls } = counted(3)
    const metered = await wrap(() => response)(post())
    await settled()
    expect(pulls()).toBe(0)
    await metered.arrayBuffer()
    expect(pulls()).toBe(4)
  })

  it('is never ahead of the client', async () => {
    const { wrap } = metering()
    const { response, pulls } = counted(20)
    const reader = readerOf(await wrap(() => response)(post()))
    for (let asked = 1; asked <= 20; asked++) {
      await reader.read()
      await settled()
      expect(pulls()).toBe(asked)
    }
    expect((await reader.read()).done).toBe(true)
  })

  it('is at most one chunk ahead of a client that asks for bytes', async () => {
    const { wrap } = metering()
    let pulls = 0
    const body = new ReadableStream({
      type: 'bytes',
      pull(controller) {
        pulls++
        controller.enqueue(new Uint8Array(100).fill(pulls))
      },
    })
    const response = await wrap(() => new Response(body, { headers: headersOf('text/event-stream') }))(post())
    const reader = response.body?.getReader({ mode: 'byob' })
    let received = 0
    for (let turn = 0; turn < 30; turn++) {
      const result = await reader?.read(new Uint8Array(30))
      received += result?.value?.length ?? 0
      await settled()
      expect(pulls * 100 - received).toBeLessThanOrEqual(100)
    }
    await reader?.cancel()
  })
})

describe('A cancel of the client', () => {
  /** A body that says what it was cancelled with. */
  function cancellable(pull: (controller: ReadableStreamDefaultController<Uint8Array>) => void | Promise<void>) {
    const cancelled: unknown[] = []
    const body = new ReadableStream<Uint8Array>(
      { pull, cancel: (reason) => void cancelled.push(reason) },
      { highWaterMark: 0 },
    )
    return { cancelled, response: new Response(body, { headers: headersOf('text/event-stream') }) }
  }

  it('reaches the stream of the handler with its very reason', async () => {
    const { wrap } = metering()
    const { cancelled, response } = cancellable((controller) => controller.enqueue(bytesOf('data: {}\n\n')))
    const reader = readerOf(await wrap(() => response)(post()))
    await reader.read()
    const reason = { why: 'closed the tab' }
    await reader.cancel(reason)
    expect(cancelled).toHaveLength(1)
    expect(cancelled[0]).toBe(reason)
  })

  it('reaches it before anything was read', async () => {
    const { wrap } = metering()
    const { cancelled, response } = cancellable(() => {})
    await (await wrap(() => response)(post())).body?.cancel('never mind')
    expect(cancelled).toEqual(['never mind'])
  })

  it('reaches it while a pull is pending, and the late chunk harms nothing', async () => {
    const { wrap } = metering()
    const late = Promise.withResolvers<void>()
    const threw: unknown[] = []
    const { cancelled, response } = cancellable(async (controller) => {
      await late.promise
      try {
        controller.enqueue(bytesOf('data: {}\n\n'))
      } catch (error) {
        threw.push(error)
      }
    })
    const reader = readerOf(await wrap(() => response)(post()))
    const pending = reader.read()
    await settled()
    await reader.cancel('gone')
    expect(cancelled).toEqual(['gone'])
    expect(await pending).toEqual({ done: true, value: undefined })
    late.resolve()
    await settled()
    expect(threw).toHaveLength(1)
  })

  it('reaches a byte stream', async () => {
    const { wrap } = metering()
    const cancelled: unknown[] = []
    const body = new ReadableStream({ type: 'bytes', cancel: (reason) => void cancelled.push(reason) })
    const response = await wrap(() => new Response(body, { headers: headersOf('text/event-stream') }))(post())
    const reader = response.body?.getReader({ mode: 'byob' })
    const pending = reader?.read(new Uint8Array(10))
    await reader?.cancel('gone')
    expect(cancelled).toEqual(['gone'])
    expect((await pending)?.done).toBe(true)
  })

  it('fails for the client as it fails in the handler', async () => {
    const { wrap } = metering()
    const failure = new Error('cannot stop')
    const body = new ReadableStream<Uint8Array>({
      cancel() {
        throw failure
      },
    })
    const response = await wrap(() => new Response(body, { headers: headersOf('text/event-stream') }))(post())
    await expect(response.body?.cancel()).rejects.toBe(failure)
  })
})

describe('A stream that breaks', () => {
  const failure = new TypeError('upstream closed')

  let left: string[] = []

  function pull(controller: { enqueue(chunk: Uint8Array<ArrayBuffer>): void }): void {
    const next = left.shift()
    if (next === undefined) throw failure
    controller.enqueue(bytesOf(next))
  }

  it.each([
    ['stream', () => new ReadableStream({ pull }, { highWaterMark: 0 })],
    ['byte stream', () => new ReadableStream({ type: 'bytes', pull })],
  ])('breaks for the client with the same error after the same chunks (%s)', async (_, body) => {
    const { wrap, recorder } = metering()
    left = ['data: 1\n\n', 'data: 2\n\n']
    const reader = readerOf(await wrap(() => new Response(body(), { headers: headersOf('text/event-stream') }))(post()))
    expect((await reader.read()).value).toEqual(bytesOf('data: 1\n\n'))
    expect((await reader.read()).value).toEqual(bytesOf('data: 2\n\n'))
    await expect(reader.read()).rejects.toBe(failure)
    expect(recorder.stats().unrecorded).toEqual({ failed: 1 })
  })
})

describe('A byte stream', () => {
  it('stays usable with a BYOB reader', async () => {
    const { wrap } = metering()
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.uint8Array({ minLength: 1, maxLength: 40 }), { maxLength: 8 }),
        fc.integer({ min: 1, max: 64 }),
        async (chunks, size) => {
          const expected = chunks.flatMap((bytes) => [...bytes])
          const handler = wrap(() => new Response(byteStreamOf(chunks), { headers: headersOf('text/event-stream') }))
          const reader = (await handler(post())).body?.getReader({ mode: 'byob' })
          const received: number[] = []
          for (;;) {
            const result = await reader?.read(new Uint8Array(size))
            if (!result || result.done) break
            received.push(...result.value)
          }
          expect(received).toEqual(expected)
        },
      ),
    )
  })

  it('stays usable with a default reader, in the same chunks', async () => {
    const { wrap } = metering()
    const sent = chatEvents().map(bytesOf)
    const handler = wrap(() => new Response(byteStreamOf(sent), { headers: headersOf('text/event-stream') }))
    expect(await chunksOf(await handler(post()))).toEqual(sent)
  })
})

describe('A body that someone else holds', () => {
  it('goes back untouched when it is locked', async () => {
    const { wrap, recorder } = metering()
    const response = sse(chatEvents())
    readerOf(response)
    expect(await wrap(() => response)(post())).toBe(response)
    expect(recorder.stats().unrecorded).toEqual({ no_usage: 1 })
  })

  it('goes back untouched when it was used', async () => {
    const { wrap, recorder } = metering()
    const response = json(chatCompletion())
    await response.text()
    expect(await wrap(() => response)(post())).toBe(response)
    expect(recorder.stats().unrecorded).toEqual({ no_usage: 1 })
  })
})

describe('A body that is no web stream', () => {
  it.each([
    ['of another library', Readable.from(['{}'])],
    ['missing, where the platform has no streams', undefined],
  ])('goes back untouched: %s', async (_, body) => {
    const { wrap, recorder } = metering()
    const response = json({})
    Object.defineProperty(response, 'body', { value: body })
    expect(await wrap(() => response)(post())).toBe(response)
    expect(recorder.stats().unrecorded).toEqual({ no_usage: 1 })
  })
})

describe('Metering that throws', () => {
  const failing = defineFormat({
    name: 'failing',
    operation: null,
    matches: () => {
      throw new Error('matches')
    },
    start: () => {
      throw new Error('start')
    },
    read: () => {
      throw new Error('read')
    },
    finish: () => {
      throw new Error('finish')
    },
  })
  const chosenThenFailing = defineFormat({ ...failing, matches: () => true })
  const broken = (): never => {
    throw new Error('broken')
  }
  const SENT = chatEvents().join('')

  it.each<[what: string, options: Parameters<Metering['wrap']>[1]]>([
    ['a format that cannot tell', { formats: [failing] }],
    ['a format that cannot read', { formats: [chosenThenFailing] }],
    ['formats that are no list', { formats: 5 as never }],
    ['identify', { identify: broken }],
    ['identify, later', { identify: async () => broken() }],
    ['onError', { onError: broken, identify: broken }],
    ['the route', { route: broken }],
    ['waitUntil', { waitUntil: broken }],
  ])('changes nothing: %s', async (_, options) => {
    const { wrap } = metering()
    const response = await wrap(() => sse(chatEvents()), options)(post())
    expect([response.status, await response.text()]).toEqual([200, SENT])
  })

  it('changes nothing: the store', async () => {
    const store = { ...memoryStore(), write: broken }
    const errors: string[] = []
    const recorder = createRecorder({
      store,
      retry: { attempts: 2, minMs: 1, maxMs: 1 },
      onError: ({ code }) => void errors.push(code),
    })
    const response = await withUsage(() => sse(chatEvents()), { recorder })(post())
    expect(await response.text()).toBe(SENT)
    await recorder.flush()
    expect(recorder.stats()).toMatchObject({ requests: 1, recorded: 0, unrecorded: { record_failed: 1 }, inFlight: 0 })
    expect(errors).toContain('record-lost')
  })

  it('changes nothing: callbacks that reject', async () => {
    const { recorder } = metering()
    const unhandled: unknown[] = []
    const onUnhandled = (reason: unknown): void => void unhandled.push(reason)
    process.on('unhandledRejection', onUnhandled)
    const reject = (async () => broken()) as () => never
    const options = { recorder, identify: () => broken(), onError: reject, route: reject, waitUntil: reject }
    const response = await withUsage(() => sse(chatEvents()), options)(post())
    expect(await response.text()).toBe(SENT)
    await new Promise((resolve) => setImmediate(resolve))
    process.off('unhandledRejection', onUnhandled)
    expect(unhandled).toEqual([])
  })

  it('changes nothing: the recorder', async () => {
    const { recorder } = metering()
    const errors: string[] = []
    const options = {
      recorder: { ...recorder, open: broken },
      onError: ({ code }: { code: string }) => void errors.push(code),
    }
    const response = await withUsage(() => sse(chatEvents()), options)(post())
    expect(await response.text()).toBe(SENT)
    expect(errors).toEqual(['internal'])
  })
})

describe('Over HTTP', () => {
  const servers: Server[] = []
  afterEach(async () => {
    for (const server of servers.splice(0)) {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    }
  })

  /** The least bridge that forwards a disconnect. */
  async function listen(handler: (request: Request) => Promise<Response>): Promise<string> {
    const server = createServer(async (incoming, outgoing) => {
      const response = await handler(
        new Request(`http://localhost${incoming.url}`, { method: incoming.method ?? 'GET' }),
      )
      outgoing.writeHead(response.status, response.statusText, [...response.headers].flat())
      if (response.body === null) return void outgoing.end()
      const body = Readable.fromWeb(response.body as Parameters<typeof Readable.fromWeb>[0])
      await pipeline(body, outgoing).catch(() => {})
    })
    servers.push(server)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/chat/completions`
  }

  it('the client receives the stream, and it is recorded', async () => {
    const { wrap, record } = metering()
    const url = await listen(wrap(() => sse(chatEvents())))
    const response = await fetch(url, { method: 'POST' })
    expect(await response.text()).toBe(chatEvents().join(''))
    expect(await record()).toMatchObject({ inputTokens: 9, outputTokens: 5, outcome: 'complete' })
  })

  it('a body that fetch has decoded loses the headers that are no longer true, and nothing else', async () => {
    const { wrap, record } = metering()
    const body = JSON.stringify(chatCompletion())
    const upstream = await listen(async () => {
      const zipped = await new Response(new Response(body).body?.pipeThrough(gzip())).arrayBuffer()
      const headers = {
        ...headersOf('application/json'),
        'content-encoding': 'gzip',
        'content-length': `${zipped.byteLength}`,
      }
      return new Response(zipped, { headers: { ...headers, 'x-kept': 'yes' } })
    })
    const response = await wrap(() => fetch(upstream))(post())
    expect(response.headers.get('content-encoding')).toBeNull()
    expect(response.headers.get('content-length')).toBeNull()
    expect(response.headers.get('x-kept')).toBe('yes')
    expect(await response.text()).toBe(body)
    expect(await record()).toMatchObject({ inputTokens: 9, outputTokens: 5 })
  })

  it('a client that leaves cancels the stream of the handler', async () => {
    const { wrap, recorder } = metering()
    const cancelled = Promise.withResolvers<void>()
    let sent = false
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        if (!sent) controller.enqueue(bytesOf(chatEvents()[0] as string))
        sent = true
      },
      cancel: () => cancelled.resolve(),
    })
    const url = await listen(wrap(() => new Response(body, { headers: headersOf('text/event-stream') })))
    const client = nodeRequest(url, { method: 'POST' }, (response) => response.once('data', () => client.destroy()))
    client.on('error', () => {})
    client.end()
    await cancelled.promise
    await vi.waitFor(() => expect(recorder.stats().unrecorded).toEqual({ cancelled: 1 }))
  })
})

describe('Chunks whose memory is gone', () => {
  it.each([
    ['memory', new ArrayBuffer(8)],
    ['a view', new DataView(new ArrayBuffer(8))],
    ['words', new Int16Array(4)],
    ['bytes', new Uint8Array(8)],
  ])('pass as they are: %s', async (_, chunk) => {
    const memory = chunk instanceof ArrayBuffer ? chunk : chunk.buffer
    structuredClone(memory, { transfer: [memory as ArrayBuffer] })
    const { wrap, recorder } = metering()
    const body = new ReadableStream({
      start(controller) {
        controller.enqueue(chunk)
        controller.close()
      },
    })
    const response = await wrap(() => new Response(body, { headers: headersOf('text/event-stream') }))(post())
    const reader = readerOf(response)
    expect((await reader.read()).value).toBe(chunk)
    expect((await reader.read()).done).toBe(true)
    expect(recorder.stats()).toMatchObject({ inFlight: 0, unrecorded: { unreadable_body: 1 } })
  })
})
