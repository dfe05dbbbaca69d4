import { commonShape, type Shape, shapeOf } from './shape.ts'
import { decodeText } from './transport.ts'
import type { Watch } from './watch.ts'

export interface SieveOptions {
  /** Index after the event that begins at `from`; -1 when it ends where the bytes do. */
  findEnd(bytes: Uint8Array, from: number): number
  /** What to look for in the events that come: `null`, each may tell something; `undefined`, it is not known yet. */
  watch(): Watch | null | undefined
  /** Given one or more whole events that may tell something, in order. */
  read(text: string): void
}

/** Where events that tell something follow each other as often as this, looking first is not worth its time. */
const MOST_IN_A_ROW = 32

/** A stream of which so many events had other shapes than those before is searched. */
const MOST_LOOKS = 32

/**
 * Passes on, of the bytes of whole events, those that may tell something. Most events of a stream are of one shape, which
 * tells nothing: they are known by their bytes. The others are searched for what is watched.
 */
export function createSieve({ findEnd, watch, read }: SieveOptions): (bytes: Uint8Array) => void {
  let inARow = 0
  let wanted: Watch | null | undefined
  /** Of events in which `wanted` found nothing; that of the last one, if it was of another. */
  let dull: Shape | null = null
  let last: Shape | null = null
  let looks = 0

  function look(): void {
    const next = inARow < MOST_IN_A_ROW ? watch() : null
    if (next === wanted) return
    wanted = next
    dull = null
    last = null
    looks = 0
  }

  /** Two of one shape make it worth knowing. */
  function learn(text: string, { keys }: Watch): void {
    if (++looks > MOST_LOOKS) return
    const shape = shapeOf(text, keys)
    if (!shape) return
    const common = (dull && commonShape(dull, shape)) ?? (last && commonShape(last, shape))
    dull = common ?? dull
    last = common ? null : shape
  }

  /** Reads one event, or more where each may tell something, and returns where that ends. */
  function sift(bytes: Uint8Array, from: number): number {
    const found = wanted === null ? -1 : findEnd(bytes, from)
    const end = found === -1 ? bytes.length : found
    const text = decodeText(bytes.subarray(from, end))
    if (!wanted || finds(wanted, text)) {
      inARow = wanted ? inARow + 1 : 1
      read(text)
    } else {
      inARow = 0
      learn(text, wanted)
    }
    return end
  }

  return (bytes) => {
    for (let from = 0; from < bytes.length; ) {
      look()
      const known = dull ? dull.endOf(bytes, from) : -1
      if (known !== -1) inARow = 0
      from = known === -1 ? sift(bytes, from) : known
    }
  }
}

function finds({ pattern }: Watch, text: string): boolean {
  pattern.lastIndex = 0
  return pattern.test(text)
}
