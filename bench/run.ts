/** What metering costs on the request path: one server, alternating cells, medians of ratios. See README.md. */
import { fork, spawnSync } from 'node:child_process'
import { cpus } from 'node:os'
import autocannon from 'autocannon'
import { HANDLERS, WAYS } from './cells.ts'

const ROUNDS = 7
const CONNECTIONS = 16
const SECONDS = 2

interface Sample {
  requestsPerSecond: number
  cpuMicroseconds: number
}

const server = fork(new URL('./server.ts', import.meta.url))
const port = await new Promise<number>((resolve) =>
  server.once('message', (message) => resolve((message as { port: number }).port)),
)
const origin = `http://127.0.0.1:${port}`
const pinned = cpus().length > 1 && pin(server.pid, 0) && pin(process.pid, 1)

function pin(pid: number | undefined, core: number): boolean {
  return spawnSync('taskset', ['-acp', String(core), String(pid)]).status === 0
}

async function serverCpu(): Promise<number> {
  const response = await fetch(`${origin}/cpu`)
  const { microseconds } = (await response.json()) as { microseconds: number }
  return microseconds
}

async function load(way: string, transport: string): Promise<Sample> {
  const before = await serverCpu()
  const url = `${origin}/${way}/${transport}`
  const {
    '2xx': served,
    errors,
    non2xx,
  } = await autocannon({ url, method: 'POST', connections: CONNECTIONS, duration: SECONDS })
  if (errors > 0 || non2xx > 0) throw new Error(`${way}/${transport}: ${errors} errors, ${non2xx} other answers`)
  return { requestsPerSecond: served / SECONDS, cpuMicroseconds: ((await serverCpu()) - before) / served }
}

const median = (values: number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] as number

/** The rounds alternate, so that whatever else the machine does falls on every way alike. */
async function compare(transport: string): Promise<void> {
  const ways = Object.keys(WAYS)
  const samples = new Map<string, Sample[]>(ways.map((way) => [way, []]))
  for (const way of ways) await load(way, transport)
  for (let round = 0; round < ROUNDS; round++)
    for (const way of ways) samples.get(way)?.push(await load(way, transport))

  const of = (way: string, field: keyof Sample): number[] => (samples.get(way) ?? []).map((sample) => sample[field])
  const rateRatio = (way: string, base: string): string => {
    const base_ = of(base, 'requestsPerSecond')
    return median(of(way, 'requestsPerSecond').map((rate, round) => rate / (base_[round] as number))).toFixed(2)
  }
  console.log(`\n${transport}: ${ROUNDS} rounds of ${SECONDS} s, ${CONNECTIONS} connections`)
  console.table(
    Object.fromEntries(
      ways.map((way) => [
        way,
        {
          'requests/s': Math.round(median(of(way, 'requestsPerSecond'))),
          'server CPU µs/request': Number(median(of(way, 'cpuMicroseconds')).toFixed(1)),
          'of bare': rateRatio(way, 'bare'),
          'of no-op': rateRatio(way, 'no-op'),
        },
      ]),
    ),
  )
}

console.log(
  `Hono on Node ${process.versions.node}; ${cpus()[0]?.model}, ${cpus().length} cores; ${pinned ? 'server and load pinned to one core each' : 'not pinned'}`,
)
for (const transport of Object.keys(HANDLERS)) await compare(transport)
server.disconnect()
