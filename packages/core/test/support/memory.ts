/**
 * Measures what metering holds in memory. Run with `node --expose-gc`; prints its figures as JSON. A process of its own,
 * because a test runner's own garbage would drown them.
 */
import { createHash } from 'node:crypto'
import { createRecorder } from '../../src/recorder.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { type UsageHandler, withUsage } from '../../src/with-usage.ts'

const MEBIBYTE = 1024 * 1024

type Handler = (request: Request) => Promise<Response>
type Wrap = (handler: UsageHandler<[Request]>) => Handler

const recorder = createRecorder({ store: memoryStore(), batch: { intervalMs: 3_600_000 } })
const bare: Wrap = (handler) => async (request) => handler(request)
const metered: Wrap = (handler) => withUsage(handler, { recorder })

/** Bytes that are still held after a collection. */
function held(): number {
  globalThis.gc?.()
  globalThis.gc?.()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}

function request(): Request {
  return new Request('https://llm.test/v1/chat/completions', { method: 'POST' })
}

/** One event of 16 KiB, cut so that every chunk ends inside the next one. */
function eventChunk(): Uint8Array {
  const event = `{"object":"chat.completion.chunk","model":"m","choices":[{"delta":{"content":"${'x'.repeat(16_200)}"}}]}`
  return new TextEncoder().encode(`${event}\n\ndata: `)
}

function stream(chunks: number, chunk: () => Uint8Array): Response {
  let left = chunks
  const body = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        if (left-- > 0) controller.enqueue(chunk())
        else controller.close()
      },
    },
    { highWaterMark: 0 },
  )
  return new Response(body, { headers: { 'content-type': 'text/event-stream' } })
}

function readerOf(response: Response): ReadableStreamDefaultReader<Uint8Array> {
  return (response.body as ReadableStream<Uint8Array>).getReader()
}

/** The most that is held, above what was held before, while 100 MiB go through one stream. */
async function longStream(wrap: Wrap): Promise<number> {
  const total = 100 * MEBIBYTE
  const handler = wrap(() => stream(Math.ceil(total / eventChunk().length), eventChunk))
  const before = held()
  const reader = readerOf(await handler(request()))
  let most = 0
  let read = 0
  let looked = 0
  for (let result = await reader.read(); !result.done; result = await reader.read()) {
    read += result.value.length
    if (read - looked < 5 * MEBIBYTE) continue
    looked = read
    most = Math.max(most, held() - before)
  }
  return most
}

/** What 1,000 open streams hold after 5 and after 50 chunks of each. */
async function manyStreams(wrap: Wrap): Promise<{ early: number; late: number }> {
  const text = new TextEncoder()
  const chunk = (): Uint8Array => text.encode('{"object":"chat.completion.chunk","choices":[]}\n\ndata: ')
  const handler = wrap(() => stream(1_000, chunk))
  const before = held()
  const readers: ReadableStreamDefaultReader<Uint8Array>[] = []
  for (let opened = 0; opened < 1_000; opened++) readers.push(readerOf(await handler(request())))
  const readAll = async (rounds: number): Promise<void> => {
    for (let round = 0; round < rounds; round++) await Promise.all(readers.map((reader) => reader.read()))
  }
  await readAll(5)
  const early = held() - before
  await readAll(45)
  const late = held() - before
  await Promise.all(readers.map((reader) => reader.cancel()))
  return { early, late }
}

/** A body far past the bounds: whether its bytes are untouched, and the most that is held while it passes. */
async function hugeBody(contentType: string, head: string, tail: string, bytes: number) {
  const filler = new Uint8Array(64 * 1024).fill(0x78)
  const left = [new TextEncoder().encode(head), ...Array(Math.ceil(bytes / filler.length)).fill(filler)]
  left.push(new TextEncoder().encode(tail))
  const sent = createHash('sha256')
  for (const chunk of left) sent.update(chunk)
  const body = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        const next = left.shift()
        if (next) controller.enqueue(next)
        else controller.close()
      },
    },
    { highWaterMark: 0 },
  )
  const handler = metered(() => new Response(body, { headers: { 'content-type': contentType } }))
  const before = held()
  const received = createHash('sha256')
  const reader = readerOf(await handler(request()))
  let most = 0
  let chunks = 0
  for (let result = await reader.read(); !result.done; result = await reader.read()) {
    received.update(result.value)
    if (++chunks % 20 === 0) most = Math.max(most, held() - before)
  }
  return { untouched: sent.digest('hex') === received.digest('hex'), most }
}

await longStream(metered)
const figures = {
  longStream: { bare: await longStream(bare), metered: await longStream(metered) },
  manyStreams: { bare: await manyStreams(bare), metered: await manyStreams(metered) },
  hugeEvent: await hugeBody('text/event-stream', 'data: {"text":"', '"}\n\n', 20 * MEBIBYTE),
  hugeDocument: await hugeBody('application/json', '{"text":"', '"}', 50 * MEBIBYTE),
  stats: recorder.stats(),
}

process.stdout.write(JSON.stringify(figures))
