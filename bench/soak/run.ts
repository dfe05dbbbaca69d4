/**
 * Mixed traffic for long: streams, documents, clients that leave and clients that are slow, errors, a store that stalls.
 * Prints how the server is over time, and fails when something grew, stayed, or went uncounted.
 *
 *     npx -y pnpm@12.21.0 soak [minutes]
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { markdown, spread } from '../table.ts'
import { start } from '../targets.ts'
import { askUntil } from './clients.ts'
import type { State } from './server.ts'

const LOOKS = 20
/** Of heap, from the second quarter of the time to the last. */
const MOST_GROWTH_BYTES = 4 * 1024 * 1024
const minutes = Number(process.argv[2] ?? 10)
const spanMs = minutes * 60_000

const server = await start('soak', '', '')
const origin = server.origin ?? ''
const look = async (): Promise<State> => (await fetch(`${origin}/state`)).json() as Promise<State>

const sum = (counts: object): number => Object.values(counts).reduce((total: number, count) => total + count, 0)

function rowOf(label: string, { heldBytes, handles, timers, loopDelay, stats }: State): string[] {
  const { requests, recorded, unrecorded, ignored, inFlight } = stats
  const { p50, p99, max } = loopDelay
  const sockets = handles.TCPSocketWrap ?? 0
  const cells = [(heldBytes / 1024 ** 2).toFixed(1), sockets, sum(handles) - sockets, timers]
  const delays = [p50, p99, max].map((ms) => ms.toFixed(1)).join(' / ')
  return [label, '', ...[...cells, delays, requests, recorded, sum(unrecorded), sum(ignored), inFlight].map(String)]
}

const HEAD = [
  'after',
  '',
  'held MiB',
  'sockets',
  'other handles',
  'timers',
  'loop delay ms p50 / p99 / max',
  'requests',
  'recorded',
  'unrecorded',
  'ignored',
  'in flight',
]
const line = (cells: readonly string[]): void => console.log(`| ${cells.join(' | ')} |`)

const before = await look()
console.log(markdown(HEAD, [rowOf('start', before)]))
const startedAt = performance.now()
const traffic = askUntil(origin, startedAt + spanMs)
const states: State[] = []
for (let at = 1; at <= LOOKS; at++) {
  await sleep(Math.max(0, startedAt + (spanMs * at) / LOOKS - performance.now()))
  const state = await look()
  states.push(state)
  line(rowOf(`${Math.round((spanMs * at) / LOOKS / 1000)} s`, state))
}
const asked = await traffic

/** Until the store has taken what it may, and connections kept open for the next request are closed. */
async function settled(): Promise<State> {
  await fetch(`${origin}/flush`, { method: 'POST' })
  const waitUntil = performance.now() + 30_000
  for (;;) {
    const state = await look()
    const quiet = state.stats.inFlight === 0 && (state.handles.TCPSocketWrap ?? 0) <= 1
    if (quiet || performance.now() > waitUntil) return state
    await sleep(1_000)
  }
}

const end = await settled()
line(rowOf('the end', end))
await server.stop()

const quarter = (from: number): number => spread(states.slice(from, from + LOOKS / 4).map((s) => s.heldBytes)).median
const growth = quarter((3 * LOOKS) / 4) - quarter(LOOKS / 4)
const { requests, recorded, unrecorded, ignored, inFlight } = end.stats
const counted = recorded + sum(unrecorded) + sum(ignored) + inFlight
const others = ({ handles: { TCPSocketWrap: _, ...rest } }: State): number => sum(rest)
const CHECKS: readonly [what: string, holds: boolean, seen: string][] = [
  ['requests = recorded + unrecorded + ignored + in flight', requests === counted, `${requests} = ${counted}`],
  ['nothing in flight', inFlight === 0, String(inFlight)],
  // One that leaves at once may never have reached the server.
  ['no more requests than were made', requests <= asked, `${requests} of ${asked}`],
  [
    'the heap is flat',
    growth < MOST_GROWTH_BYTES,
    `${(growth / 1024 ** 2).toFixed(1)} MiB from the 2nd quarter to the 4th`,
  ],
  ['no handle is left', others(end) <= others(before), JSON.stringify(end.handles)],
  ['no timer is left', end.timers <= before.timers + 1, `${end.timers}, at the start ${before.timers}`],
]
console.log(`\nunrecorded ${JSON.stringify(unrecorded)}\nignored ${JSON.stringify(ignored)}\n`)
for (const [what, holds, seen] of CHECKS) console.log(`${holds ? 'yes' : 'NO '} ${what}: ${seen}`)
process.exit(CHECKS.every(([, holds]) => holds) ? 0 : 1)
