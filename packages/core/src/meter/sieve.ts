import { commonShape, type Shape, shapeOf } from './shape.ts'
import { decodeText } from './transport.ts'
import type { Watch } from './watch.ts'

export interface SieveOptions {
  /** Between two events. */
  delimiter: string
  /** Such a text has other delimiters too: if it tells anything, it is passed on whole. Default: none has. */
  unless?: string
  /** What to look for in the events that come: `null`, each may tell something; `undefined`, it is not known yet. */
  watch(): Watch | null | undefined
  /** Given one or more whole events that may tell something, in order. */
  read(text: string): void
}

/** Where events that tell something follow each other as often as this, looking first is not worth its time. */
const MOST_IN_A_ROW = 32

/** A stream of which so many texts had other shapes than those before is searched. */
const MOST_LOOKS = 32

/**
 * Passes on, of the bytes of whole events, those that may tell something. Most events of a stream are of one shape, which
 * tells nothing: they are known by their bytes. The others are searched for what is watched.
 */
export function createSieve({ delimiter, unless, watch, read }: SieveOptions): (bytes: Uint8Array) => void {
  let inARow = 0
  let wanted: Watch | null | undefined
  /** Of texts in which `wanted` found nothing; that of the last one which was of another. */
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

  /** Where the events end that are known to tell nothing. */
  function endOfDull(bytes: Uint8Array): number {
    let end = 0
    while (dull && end < bytes.length) {
      const next = dull.endOf(bytes, end)
      if (next === -1) break
      end = next
    }
    return end
  }

  /** Two of one shape make it worth knowing. */
  function learn(text: string, { keys }: Watch): void {
    if (++looks > MOST_LOOKS) return
    const shape = shapeOf(text, keys)
    if (!shape) return
    dull = (dull && commonShape(dull, shape)) ?? (last && commonShape(last, shape)) ?? dull
    last = shape
  }

  /** Index of the first thing that is found; -1 when there is none. */
  function find(text: string, from: number, { pattern }: Watch): number {
    pattern.lastIndex = from
    return pattern.exec(text)?.index ?? -1
  }

  /** Where the event begins that has this character. */
  function startOf(text: string, at: number): number {
    const before = text.lastIndexOf(delimiter, at)
    return before === -1 ? 0 : before + delimiter.length
  }

  function readTo(text: string, from: number, at: number): number {
    const next = text.indexOf(delimiter, at)
    const end = next === -1 ? text.length : next + delimiter.length
    read(text.slice(from, end))
    return end
  }

  function sift(text: string): void {
    for (let from = 0; from < text.length; look()) {
      const at = wanted ? find(text, from, wanted) : from
      if (at === -1) {
        inARow = 0
        if (wanted && from === 0) learn(text, wanted)
        return
      }
      if (wanted === null || (unless !== undefined && text.includes(unless))) {
        read(text.slice(from))
        return
      }
      const start = Math.max(from, startOf(text, at))
      inARow = start > from || !wanted ? 1 : inARow + 1
      from = readTo(text, wanted ? start : from, at)
    }
  }

  return (bytes) => {
    look()
    const from = endOfDull(bytes)
    if (from > 0) inARow = 0
    if (from < bytes.length) sift(decodeText(from === 0 ? bytes : bytes.subarray(from)))
  }
}
