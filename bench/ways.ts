/** Ways to serve the same handler: as it is, looked through, and metered. */

import { EventStreamCodec } from '@smithy/eventstream-codec'
import { createRecorder, disabledStore, memoryStore, type Recorder, type UsageStore, withUsage } from '@withusage/core'
import { createParser } from 'eventsource-parser'

export type Handler = (request: Request) => Promise<Response>
export type Way = (handler: Handler) => Handler

type Body = ReadableStream<Uint8Array>

/** One read of the handler's body for each chunk that the client asks for. */
function readThrough(body: Body, see: (chunk: Uint8Array) => void, end: () => void): Body {
  const reader = body.getReader()
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = await reader.read()
        if (done) {
          end()
          controller.close()
          return
        }
        see(value)
        controller.enqueue(value)
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  )
}

/** The least that a wrapper which sees every chunk can do. */
const noOp: Way = (handler) => async (request) => {
  const response = await handler(request)
  if (!response.body) return response
  const body = readThrough(
    response.body,
    () => {},
    () => {},
  )
  return new Response(body, response)
}

async function drain(body: Body): Promise<void> {
  const reader = body.getReader()
  while (!(await reader.read()).done);
}

/** The platform's own clone of a body; the second branch is read and forgotten. */
const tee: Way = (handler) => async (request) => {
  const response = await handler(request)
  if (!response.body) return response
  const [client, other] = response.body.tee()
  drain(other).catch(() => {})
  return new Response(client, response)
}

/** What someone writes who knows that one provider is asked, in one way: the usage of each answer, in an array. */
export const rows: { at: number; model: unknown; usage: unknown }[] = []

export function keep({ model, usage }: { model?: unknown; usage?: unknown }): void {
  if (!usage) return
  if (rows.length >= 50_000) rows.length = 0
  rows.push({ at: Date.now(), model, usage })
}

/** Reads the events that a chat stream writes; those without the word in them are not parsed. */
export function chatReader(): (chunk: Uint8Array) => void {
  const decoder = new TextDecoder()
  const parser = createParser({
    onEvent({ data }) {
      if (data.includes('"usage":{')) keep(JSON.parse(data))
    },
  })
  return (chunk) => parser.feed(decoder.decode(chunk, { stream: true }))
}

/** Reads the messages of a Converse stream, of which each chunk is one. */
function converseReader(): (chunk: Uint8Array) => void {
  const text = new TextDecoder()
  const codec = new EventStreamCodec(
    (bytes) => text.decode(bytes as Uint8Array),
    (value) => new TextEncoder().encode(value),
  )
  return (chunk) => {
    const { headers, body } = codec.decode(chunk)
    if (headers[':event-type']?.value === 'metadata') keep(JSON.parse(text.decode(body)))
  }
}

const READERS: Record<string, () => (chunk: Uint8Array) => void> = {
  'text/event-stream': chatReader,
  'application/vnd.amazon.eventstream': converseReader,
}

const byHand: Way = (handler) => async (request) => {
  const response = await handler(request)
  if (!response.body) return response
  const reader = READERS[response.headers.get('content-type') ?? '']
  if (reader) {
    const body = readThrough(response.body, reader(), () => {})
    return new Response(body, response)
  }
  const text = await response.text()
  keep(JSON.parse(text))
  return new Response(text, response)
}

const STORES: Record<string, () => UsageStore | Promise<UsageStore>> = {
  none: disabledStore,
  memory: memoryStore,
  async sqlite() {
    const [{ sqliteStore }, { mkdtempSync, rmSync }, { tmpdir }] = await Promise.all([
      import('@withusage/sqlite'),
      import('node:fs'),
      import('node:os'),
    ])
    const folder = mkdtempSync(`${tmpdir()}/withusage-bench-`)
    process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
    return sqliteStore({ path: `${folder}/usage.db` })
  },
}

/** One recorder a server, over the store of that name. */
export async function recorderOver(store: string): Promise<Recorder> {
  return createRecorder({ store: await (STORES[store] ?? memoryStore)() })
}

/** What a user gets who only writes `withUsage(handler)`: the local user, and the memory store unless told. */
async function metered(store: string): Promise<Way> {
  const recorder = await recorderOver(store)
  return (handler) => withUsage(handler, { recorder })
}

export type WayName = 'bare' | 'no-op' | 'tee' | 'by hand' | 'metered'

export const WAYS: Record<WayName, (store: string) => Promise<Way>> = {
  bare: async () => (handler) => handler,
  'no-op': async () => noOp,
  tee: async () => tee,
  'by hand': async () => byHand,
  metered,
}
