/** What it costs to let an observer see a body, in process: read-through against the platform's `tee()`. See README.md. */
import { readThrough } from '../packages/core/src/tee.ts'

const ROUNDS = 9
const STREAMS = 400
const CHUNKS = 200
const CHUNK = new TextEncoder().encode(`data: ${JSON.stringify({ delta: 'word '.repeat(40) })}\n\n`)

type Body = ReadableStream<Uint8Array>
type Clone = (body: Body) => Body

function source(type: 'default' | 'bytes'): Body {
  let sent = 0
  const pull = (controller: { enqueue(chunk: Uint8Array<ArrayBuffer>): void; close(): void }): void => {
    if (sent++ < CHUNKS) controller.enqueue(CHUNK.slice())
    else controller.close()
  }
  return type === 'bytes'
    ? new ReadableStream({ type, pull }, { highWaterMark: 0 })
    : new ReadableStream({ pull }, { highWaterMark: 0 })
}

async function drain(body: Body): Promise<void> {
  const reader = body.getReader()
  while (!(await reader.read()).done);
}

let seenBytes = 0
const observer = {
  asked() {},
  chunk(bytes: Uint8Array) {
    seenBytes += bytes.byteLength
  },
  end() {},
  run: <T>(read: () => T): T => read(),
}

async function observe(body: Body): Promise<void> {
  for await (const bytes of body) seenBytes += bytes.byteLength
}

const CLONES: Record<string, Clone> = {
  bare: (body) => body,
  'read-through': (body) => readThrough(body, observer).stream,
  'tee()': (body) => {
    const [client, meter] = body.tee()
    void observe(meter)
    return client
  },
}

async function time(type: 'default' | 'bytes', clone: Clone): Promise<number> {
  const startedAt = performance.now()
  for (let stream = 0; stream < STREAMS; stream++) await drain(clone(source(type)))
  return performance.now() - startedAt
}

const median = (values: number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] as number

async function compare(type: 'default' | 'bytes'): Promise<void> {
  const names = Object.keys(CLONES)
  const times = new Map<string, number[]>(names.map((name) => [name, []]))
  for (let round = 0; round <= ROUNDS; round++)
    for (const name of names) {
      const elapsed = await time(type, CLONES[name] as Clone)
      if (round > 0) times.get(name)?.push(elapsed)
    }
  const bare = times.get('bare') ?? []
  console.log(`\n${type} streams of ${CHUNKS} chunks: throughput, as a ratio of bare (median of ${ROUNDS} rounds)`)
  for (const name of names)
    console.log(
      `  ${name.padEnd(14)} ${median((times.get(name) ?? []).map((elapsed, round) => (bare[round] as number) / elapsed)).toFixed(2)}`,
    )
}

/** A client that stops reading: how much of the body waits in memory. */
async function heldForSlowClient(name: string, clone: Clone): Promise<void> {
  let produced = 0
  const megabyte = new Uint8Array(1_000_000)
  const body = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        produced++
        if (produced <= 100) controller.enqueue(megabyte.slice())
        else controller.close()
      },
    },
    { highWaterMark: 0 },
  )
  const reader = clone(body).getReader()
  await reader.read()
  await new Promise((resolve) => setTimeout(resolve, 200))
  console.log(`  ${name.padEnd(14)} ${produced} MB of 100 read after the client took 1 MB and stopped`)
  await reader.cancel()
}

for (const type of ['default', 'bytes'] as const) await compare(type)
console.log('\na slow client')
for (const [name, clone] of Object.entries(CLONES)) await heldForSlowClient(name, clone)
if (seenBytes === 0) throw new Error('the observers saw nothing')
