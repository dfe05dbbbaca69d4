/**
 * What is held while a long stream passes, and for streams that are open and idle. In process, no sockets; heap and array
 * buffers after a collection.
 *
 *     npx -y pnpm@12.21.0 exec node --expose-gc bench/memory.ts
 */
import { chat } from './answers.ts'
import { held } from './servers/served.ts'
import { markdown } from './table.ts'
import { type Handler, WAYS, type WayName } from './ways.ts'

const GIB = 1024 ** 3
const LOOKS = 16
const IDLE = 1_000
const NAMES: readonly WayName[] = ['bare', 'no-op', 'tee', 'by hand', 'metered']

/** Some fifty events at a time, as they come from a socket that is read in pieces. */
const PIECE = Buffer.concat(chat(50).slice(0, 50))

function sse(pull: UnderlyingDefaultSource<Uint8Array>['pull']): Response {
  const body = new ReadableStream<Uint8Array>({ ...(pull && { pull }) }, { highWaterMark: 0 })
  return new Response(body, { headers: { 'content-type': 'text/event-stream' } })
}

const ask = async (serve: Handler): Promise<ReadableStreamDefaultReader<Uint8Array>> => {
  const { body } = await serve(new Request('http://127.0.0.1/v1/chat/completions', { method: 'POST' }))
  return (body as ReadableStream<Uint8Array>).getReader()
}

const heldNow = (): number => Number(held())

/** The most that is held, above what was held before, while a gibibyte passes. */
async function gibibyte(way: (handler: Handler) => Handler): Promise<number> {
  let left = Math.ceil(GIB / PIECE.length)
  const lookEvery = Math.floor(left / LOOKS)
  const serve = way(async () =>
    sse((controller) => {
      if (left-- > 0) controller.enqueue(new Uint8Array(PIECE))
      else controller.close()
    }),
  )
  const before = heldNow()
  const reader = await ask(serve)
  let most = 0
  let chunks = 0
  for (let result = await reader.read(); !result.done; result = await reader.read())
    if (++chunks % lookEvery === 0) most = Math.max(most, heldNow() - before)
  return most
}

/** Bytes that one open stream holds, after its first chunk. */
async function idle(way: (handler: Handler) => Handler): Promise<number> {
  const [chunk] = chat(1)
  const serve = way(async () => {
    let sent = false
    return sse(async (controller) => {
      if (sent) await new Promise(() => {})
      sent = true
      controller.enqueue(chunk as Uint8Array)
    })
  })
  // The first leaves what all share.
  await (await ask(serve)).read()
  const before = heldNow()
  const readers = await Promise.all(Array.from({ length: IDLE }, () => ask(serve)))
  await Promise.all(readers.map((reader) => reader.read()))
  const each = (heldNow() - before) / IDLE
  for (const reader of readers) reader.cancel().catch(() => {})
  return each
}

const rows: string[][] = []
// What the first of a process makes is nobody's.
await gibibyte(await WAYS.bare('memory'))
let bare: { long: number; idle: number } | undefined
for (const name of NAMES) {
  const way = await WAYS[name]('memory')
  const figures = { long: await gibibyte(way), idle: await idle(way) }
  bare ??= figures
  const [mebibytes, above] = [figures.long, figures.long - bare.long].map((bytes) => (bytes / 1024 ** 2).toFixed(2))
  const [kibibytes, more] = [figures.idle, figures.idle - bare.idle].map((bytes) => (bytes / 1024).toFixed(1))
  rows.push([name, '', `${mebibytes} MiB`, `${above} MiB`, `${kibibytes} KiB`, `${more} KiB`])
}
console.log(markdown(['way', '', '1 GiB stream holds', 'over bare', 'an idle open stream holds', 'over bare'], rows))
process.exit()
