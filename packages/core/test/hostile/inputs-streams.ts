import { bytesOf, chatEvents, streamOf } from '../support/bodies.ts'
import { type Client, leaveAfter, readAndTransfer, readInto, readText, readTwice } from './clients.ts'
import { MARKERS } from './markers.ts'
import type { HostileInput, Scene } from './scene.ts'

const broken = (): never => {
  throw new Error('a trap')
}
const EVENTS = chatEvents(['Hel', MARKERS.completion])
const SSE = { 'content-type': 'text/event-stream' }
const failure = new TypeError(`upstream closed: ${MARKERS.failure}`)

type Tells = HostileInput['tells']

function input(name: string, scene: () => Scene, tells?: Tells): HostileInput {
  return { name, scene, ...(tells !== undefined && { tells }) }
}

/** A stream that enqueues these values, whatever they are, one a pull. */
function valuesOf(values: readonly unknown[]): ReadableStream {
  const left = [...values]
  return new ReadableStream(
    {
      pull(controller) {
        if (left.length > 0) controller.enqueue(left.shift())
        else controller.close()
      },
    },
    { highWaterMark: 0 },
  )
}

function values(name: string, of: () => readonly unknown[], tells?: Tells, rest: Partial<Scene> = {}): HostileInput {
  return input(name, () => ({ handler: () => new Response(valuesOf(of()), { headers: SSE }), ...rest }), tells)
}

function byteStream(source: Omit<UnderlyingByteSource, 'type'>): Response {
  return new Response(new ReadableStream({ ...source, type: 'bytes' }), { headers: SSE })
}

function bytesOneByOne(): Response {
  const left = EVENTS.map(bytesOf)
  return byteStream({
    pull(controller) {
      const next = left.shift()
      if (next) return controller.enqueue(next)
      controller.close()
      controller.byobRequest?.respond(0)
    },
  })
}

/** Serves only clients that bring their own memory. */
function onlyInto(): Response {
  const left = bytesOf(EVENTS.join(''))
  let at = 0
  return byteStream({
    pull(controller) {
      const view = controller.byobRequest?.view as Uint8Array
      const part = left.subarray(at, at + view.byteLength)
      at += part.length
      new Uint8Array(view.buffer, view.byteOffset, view.byteLength).set(part)
      if (part.length === 0) controller.close()
      controller.byobRequest?.respond(part.length)
    },
  })
}

function sharedView(text: string): Uint8Array {
  const bytes = bytesOf(text)
  const view = new Uint8Array(new SharedArrayBuffer(bytes.length))
  view.set(bytes)
  return view
}

/** One buffer for every chunk, as a server that saves memory has. */
function reusing(): Response {
  const memory = new Uint8Array(4096)
  const left = [...EVENTS]
  const body = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        const next = left.shift()
        if (next === undefined) return controller.close()
        const { written } = new TextEncoder().encodeInto(next, memory)
        controller.enqueue(memory.subarray(0, written))
      },
    },
    { highWaterMark: 0 },
  )
  return new Response(body, { headers: SSE })
}

/** A body without end, which tells what it was cancelled with. */
function endless(chunk: string, client: Client): () => Scene {
  return () => {
    const told: unknown[] = []
    const body = new ReadableStream<Uint8Array>(
      {
        pull: (controller) => controller.enqueue(bytesOf(chunk)),
        cancel: (reason) => void told.push(reason),
      },
      { highWaterMark: 0 },
    )
    return { handler: () => new Response(body, { headers: SSE }), client, told }
  }
}

function breaking(after: number, error: unknown): () => Scene {
  const left = () => EVENTS.slice(0, after)
  return () => {
    const events = left()
    const body = new ReadableStream<Uint8Array>(
      {
        pull(controller) {
          const next = events.shift()
          if (next === undefined) controller.error(error)
          else controller.enqueue(bytesOf(next))
        },
      },
      { highWaterMark: 0 },
    )
    return { handler: () => new Response(body, { headers: SSE }) }
  }
}

const empty = new Uint8Array(0)
const widths = (text: string): Uint16Array => {
  const bytes = bytesOf(text.length % 2 === 0 ? text : `${text}\n`)
  return new Uint16Array(bytes.buffer, 0, bytes.length >> 1)
}

const chunks: HostileInput[] = [
  values('chunks that are strings', () => EVENTS, [[9, 5]]),
  values('chunks that are strings, for a platform that wants bytes', () => EVENTS, undefined, {
    client: readText,
    staysOpen: true,
  }),
  values('the usage as a string among bytes', () => EVENTS.map((event, at) => (at === 3 ? event : bytesOf(event))), [
    [9, 5],
  ]),
  values(
    'usage, then a string that says more of it',
    () => [
      bytesOf(EVENTS[3] as string),
      'data: {"object":"chat.completion.chunk","choices":[],"usage":{"prompt_tokens":9,"completion_tokens":50,"total_tokens":59}}\n\n',
    ],
    [[9, 50]],
  ),
  values(
    'usage, then a chunk that is no bytes at all',
    () => [...EVENTS.map(bytesOf), { secret: MARKERS.completion }],
    'unreadable_body',
  ),
  values(
    'chunks that are numbers, null, functions',
    () => [1, null, undefined, Symbol.iterator, empty.toString, true],
    'unreadable_body',
  ),
  values('chunks of 16-bit words', () => EVENTS.map(widths), [[9, 5]]),
  values('chunks that are DataViews', () => EVENTS.map((event) => new DataView(bytesOf(event).buffer)), [[9, 5]]),
  values('chunks that are ArrayBuffers', () => EVENTS.map((event) => bytesOf(event).buffer), [[9, 5]]),
  values('chunks in shared memory', () => EVENTS.map(sharedView), [[9, 5]]),
  values('chunks that are Buffers of a pool', () => EVENTS.map((event) => Buffer.from(event)), [[9, 5]]),
  values(
    'chunks of no bytes, everywhere',
    () => [empty, ...EVENTS.flatMap((event) => [bytesOf(event), empty, empty])],
    [[9, 5]],
  ),
  values('nothing but chunks of no bytes', () => Array.from({ length: 1000 }, () => empty), 'no_usage'),
  values('one byte a chunk', () => [...bytesOf(EVENTS.join(''))].map((byte) => Uint8Array.of(byte)), [[9, 5]]),
  values('chunks whose memory the client takes away', () => EVENTS.map(bytesOf), [[9, 5]], { client: readAndTransfer }),
  values(
    'a chunk whose memory is gone before it comes',
    () => {
      const gone = bytesOf(EVENTS[0] as string)
      structuredClone(gone.buffer, { transfer: [gone.buffer] })
      return [gone, ...EVENTS.slice(1).map(bytesOf)]
    },
    'unreadable_body',
  ),
  values(
    'a chunk that does not let itself be looked at',
    () => [...EVENTS.map(bytesOf), new Proxy({}, { getPrototypeOf: () => broken() })],
    'unreadable_body',
  ),
  values('a client that reads two copies', () => EVENTS.map(bytesOf), [[9, 5]], { client: readTwice }),
  input('one buffer for every chunk', () => ({ handler: reusing }), [[9, 5]]),
]

const readers: HostileInput[] = [
  input('a BYOB reader on a byte stream', () => ({ handler: bytesOneByOne, client: readInto(7) }), [[9, 5]]),
  input('a BYOB reader with much memory', () => ({ handler: bytesOneByOne, client: readInto(65_536) }), [[9, 5]]),
  input('a BYOB reader on a stream of chunks', () => ({
    handler: () => new Response(streamOf(EVENTS), { headers: SSE }),
    client: readInto(7),
    staysOpen: true,
  })),
  input('a BYOB reader on a source that serves no other', () => ({ handler: onlyInto, client: readInto(64) }), [
    [9, 5],
  ]),
  input('a default reader on a source that serves only BYOB readers', () => ({ handler: onlyInto })),
  input(
    'a BYOB reader that leaves',
    () => ({
      handler: bytesOneByOne,
      client: async (response) => {
        const reader = response.body?.getReader({ mode: 'byob' })
        const first = await reader?.read(new Uint8Array(10))
        await reader?.cancel('enough')
        return [first?.value]
      },
    }),
    'cancelled',
  ),
]

const endings: HostileInput[] = [
  input(
    'a body without end, and a client that leaves',
    endless(EVENTS[0] as string, leaveAfter(50, 'gone')),
    'cancelled',
  ),
  input(
    'a body without end, and a client that leaves at once',
    endless(EVENTS[0] as string, leaveAfter(0, failure)),
    'cancelled',
  ),
  input('usage without end, and a client that leaves', endless(EVENTS[3] as string, leaveAfter(50)), [[9, 5]]),
  input('a body that breaks at once', breaking(0, failure), 'failed'),
  input('a body that breaks after the usage', breaking(4, failure), [[9, 5]]),
  input('a body that breaks with undefined', breaking(2, undefined), 'failed'),
  input('a body that breaks with a string', breaking(2, MARKERS.failure), 'failed'),
  input(
    'a body whose pull throws',
    () => ({
      handler: () =>
        new Response(new ReadableStream({ pull: () => Promise.reject(failure) }, { highWaterMark: 0 }), {
          headers: SSE,
        }),
    }),
    'failed',
  ),
  input(
    'a body whose cancel throws',
    () => ({
      handler: () => {
        const cancel = () => Promise.reject(failure)
        return new Response(new ReadableStream({ cancel }, { highWaterMark: 0 }), { headers: SSE })
      },
      client: leaveAfter(0),
    }),
    'cancelled',
  ),
]

export const streams: readonly HostileInput[] = [...chunks, ...readers, ...endings]
