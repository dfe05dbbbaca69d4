/**
 * Whether a chunk costs the same in a long stream as in a short one, and among many as alone. In process, no sockets; the
 * CPU time of the process.
 *
 *     npx -y pnpm@12.21.0 exec node bench/growth.ts
 */
import { chat } from './answers.ts'
import { markdown, spread } from './table.ts'
import { type Handler, WAYS, type WayName } from './ways.ts'

const ROUNDS = 3
/** Of one measurement, over all its streams, and no more of those than so many. */
const CHUNKS = 20_000
const MOST_STREAMS = 1_000
const LENGTHS = [20, 200, 2_000, 20_000]
const CONCURRENT = [1, 10, 100, 1_000]
/** A stream so short that all it costs is the request. */
const SHORT = 2
const NAMES: readonly WayName[] = ['bare', 'no-op', 'metered']

const streams = new Map([SHORT, ...LENGTHS].map((length) => [length, chat(length).slice(-length)]))

function handlerOf(length: number): Handler {
  const chunks = streams.get(length) ?? []
  return async () => {
    let next = 0
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        const chunk = chunks[next++]
        if (chunk) controller.enqueue(chunk)
        else controller.close()
      },
    })
    return new Response(body, { headers: { 'content-type': 'text/event-stream' } })
  }
}

const ask = async (serve: Handler): Promise<ReadableStreamDefaultReader<Uint8Array>> => {
  const { body } = await serve(new Request('http://127.0.0.1/v1/chat/completions', { method: 'POST' }))
  return (body as ReadableStream<Uint8Array>).getReader()
}

/** Opens so many at once, and reads a chunk of each in turn. */
async function readTogether(serve: Handler, concurrent: number): Promise<void> {
  let readers = await Promise.all(Array.from({ length: concurrent }, () => ask(serve)))
  while (readers.length > 0) {
    const results = await Promise.all(readers.map((reader) => reader.read()))
    readers = readers.filter((_, index) => !results[index]?.done)
  }
  // A server gives others their turn between two requests.
  await new Promise((resolve) => setImmediate(resolve))
}

/** Microseconds of CPU that one stream takes. */
async function costOfStream(serve: Handler, length: number, concurrent: number): Promise<number> {
  const times = Math.ceil(Math.min(CHUNKS / length, MOST_STREAMS) / concurrent)
  globalThis.gc?.()
  const before = process.cpuUsage()
  for (let time = 0; time < times; time++) await readTogether(serve, concurrent)
  const { user, system } = process.cpuUsage(before)
  return (user + system) / times / concurrent
}

type Costs = Record<WayName, number>

async function costs(ways: Record<string, (handler: Handler) => Handler>, length: number, concurrent: number) {
  const of: Partial<Costs> = {}
  for (const name of NAMES)
    of[name] = await costOfStream(ways[name]?.(handlerOf(length)) as Handler, length, concurrent)
  return of as Costs
}

const ways = Object.fromEntries(await Promise.all(NAMES.map(async (name) => [name, await WAYS[name]('memory')])))

/** Microseconds that each chunk adds to the bare handler's, beside what the request adds. */
async function addedByChunk(length: number, concurrent: number): Promise<string[]> {
  const rounds: { short: Costs; long: Costs }[] = []
  for (let round = 0; round <= ROUNDS; round++)
    rounds.push({ short: await costs(ways, SHORT, concurrent), long: await costs(ways, length, concurrent) })
  rounds.shift()
  const each = (name: WayName): number =>
    spread(rounds.map(({ short, long }) => (long[name] - long.bare - (short[name] - short.bare)) / (length - SHORT)))
      .median
  const bare = spread(rounds.map(({ short, long }) => (long.bare - short.bare) / (length - SHORT))).median
  return [bare, each('no-op'), each('metered')].map((microseconds) => microseconds.toFixed(2))
}

const HEAD = ['streams', 'at once', 'bare, µs a chunk', 'the no-op adds', 'metering adds']
const rows: string[][] = []
for (const length of LENGTHS) rows.push([`${length} chunks`, '1', ...(await addedByChunk(length, 1))])
for (const concurrent of CONCURRENT.slice(1))
  rows.push(['200 chunks', String(concurrent), ...(await addedByChunk(200, concurrent))])
console.log(markdown(HEAD, rows))
process.exit()
