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

/** Longer texts are not remembered, in characters: one event mostly is shorter. */
const LONGEST_REMEMBERED = 2048

/**
 * Passes on, of a text of whole events, those that may tell something. Events of a stream begin alike, and where one told
 * nothing the same characters tell nothing again: what is searched begins where they differ.
 */
export function createSieve({ delimiter, unless, watch, read }: SieveOptions): (text: string) => void {
  let inARow = 0
  let wanted: Watch | null | undefined
  /** How texts have begun in which `wanted` found nothing; `null`: there was none. */
  let beginning: string | null = null

  function look(): void {
    const next = inARow < MOST_IN_A_ROW ? watch() : null
    if (next === wanted) return
    wanted = next
    beginning = null
  }

  /** Index of the first thing that is found; -1 when there is none. */
  function find(text: string, from: number, { pattern, reach }: Watch): number {
    const known = from === 0 && beginning !== null ? commonBeginning(beginning, text) : ''
    // What ends after the known beginning may begin in it.
    pattern.lastIndex = Math.max(from, known.length - reach)
    const found = pattern.exec(text)
    if (found) return found.index
    if (from === 0 && text.length <= LONGEST_REMEMBERED) beginning = beginning === null ? text : known
    return -1
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

  return (text) => {
    for (let from = 0; from < text.length; ) {
      look()
      const at = wanted ? find(text, from, wanted) : from
      if (at === -1) {
        inARow = 0
        return
      }
      if (wanted === null || (unless !== undefined && text.includes(unless))) return read(text.slice(from))
      const start = Math.max(from, startOf(text, at))
      inARow = start > from || !wanted ? 1 : inARow + 1
      from = readTo(text, wanted ? start : from, at)
    }
  }
}

function commonBeginning(known: string, text: string): string {
  if (text.slice(0, known.length) === known) return known
  let length = 0
  while (length < known.length && known[length] === text[length]) length++
  return known.slice(0, length)
}
