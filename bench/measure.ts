/** One cell: its ways in turn, round after round, so that whatever else the machine does falls on all alike. */
import { pathOf } from './answers.ts'
import type { Cell } from './cells.ts'
import { stall } from './load.ts'
import { type Sample, start, type Target } from './targets.ts'

export interface Rounds {
  rounds: number
  /** Of one way in one round. */
  ms: number
}

export interface MeasuredWay {
  way: string
  samples: Sample[]
  /** Bytes of heap and array buffers after a collection, when all rounds are over. */
  heldBytes: number | null
  /** Bytes that one stalled client holds. */
  heldForStalled: number | null
}

export interface MeasuredCell {
  cell: Cell
  ways: MeasuredWay[]
}

const STALLED_PATH = pathOf('sse-20000')
const SETTLING_MS = 500
/** Until what runs often is compiled: of a server that is new, and of one that is asked for something else. */
const WARMING_MS = { fresh: 3_000, used: 700 }

/** Starts the servers of a cell; cells in a row that want the same share them. */
export class Fleet {
  #key = ''
  #targets: Target[] = []

  async for({ server, ways, store }: Cell): Promise<{ targets: readonly Target[]; fresh: boolean }> {
    const key = [server, store, ...ways].join(' ')
    if (key === this.#key) return { targets: this.#targets, fresh: false }
    await this.stop()
    // The first may build what the others serve.
    for (const way of ways) this.#targets.push(await start(server, way, store))
    this.#key = key
    return { targets: this.#targets, fresh: true }
  }

  async stop(): Promise<void> {
    this.#key = ''
    await Promise.all(this.#targets.splice(0).map((target) => target.stop()))
  }
}

export async function measure(cell: Cell, fleet: Fleet, { rounds, ms }: Rounds): Promise<MeasuredCell> {
  const { targets, fresh } = await fleet.for(cell)
  const ask = { path: pathOf(cell.answer), connections: cell.connections, ms }
  const ways = cell.ways.map((way): MeasuredWay => ({ way, samples: [], heldBytes: null, heldForStalled: null }))
  const pairs = ways.map((way, index) => ({ way, target: targets[index] as Target }))

  for (const { target } of pairs) await target.sample({ ...ask, ms: fresh ? WARMING_MS.fresh : WARMING_MS.used })
  for (let round = 0; round < rounds; round++)
    for (const { way, target } of turned(pairs, round)) {
      const leave = cell.stalled ? await stallBeside(cell.stalled, way, target) : () => {}
      way.samples.push(await target.sample(ask))
      leave()
    }
  for (const { way, target } of pairs) way.heldBytes = await target.held()
  return { cell, ways }
}

async function stallBeside(clients: number, way: MeasuredWay, { held, origin }: Target): Promise<() => void> {
  const before = await held()
  const leave = await stall(origin ?? '', STALLED_PATH, clients)
  await new Promise((resolve) => setTimeout(resolve, SETTLING_MS))
  const after = await held()
  if (before !== null && after !== null)
    way.heldForStalled = Math.max(way.heldForStalled ?? 0, (after - before) / clients)
  return leave
}

/** Each round begins with another. */
function turned<T>(items: readonly T[], by: number): T[] {
  const at = by % items.length
  return [...items.slice(at), ...items.slice(0, at)]
}
