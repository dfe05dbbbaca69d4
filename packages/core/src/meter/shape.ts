import { createLiteral, type Literal } from './literal.ts'

/** Longer texts have no shape of their own, in bytes: one event mostly is shorter. */
const LONGEST = 2048

const QUOTE = 0x22
const BACKSLASH = 0x5c
const FIRST_PRINTABLE = 0x20

/**
 * What texts of events have in common that differ in nothing but the values of some keys: the same keys, at the same
 * places. Where one of them told nothing and the keys with these values are not watched, none tells anything.
 */
export interface Shape {
  /** A text of this shape, cut where a value begins and where it ends that may differ: the odd ones are such values. */
  readonly parts: readonly string[]
  /** Indices of the parts that do differ. */
  readonly open: readonly number[]
  /** Index after a text of this shape which begins at `from`; -1 when none does. */
  endOf(bytes: Uint8Array, from: number): number
}

/**
 * The shape of a text of whole events: at first it has that text alone.
 *
 * @param fixed keys whose values may not differ
 * @returns `null` for a text that is too long, or none of JSON
 */
export function shapeOf(text: string, fixed: ReadonlySet<string>): Shape | null {
  const parts = text.length > LONGEST ? null : partsOf(text, fixed)
  return parts && createShape(parts, [])
}

/** The shape that has the texts of both; `null` when they differ in more than values that may differ. */
export function commonShape(one: Shape, other: Shape): Shape | null {
  if (one.parts.length !== other.parts.length) return null
  const isOpen = (index: number): boolean => one.parts[index] !== other.parts[index] || one.open.includes(index)
  const open = [...one.parts.keys()].filter(isOpen)
  return open.every((index) => index % 2 === 1) ? createShape(one.parts, open) : null
}

function createShape(parts: readonly string[], open: readonly number[]): Shape {
  let pieces: readonly Piece[] | null = null

  return {
    parts,
    open,
    endOf(bytes, from) {
      pieces ??= piecesOf(parts, open)
      let at = from
      for (const { after, literal } of pieces) {
        if (after) at = after(bytes, at)
        if (at === -1 || !literal.isAt(bytes, at)) return -1
        at += literal.length
      }
      return at
    },
  }
}

/** A text with which a shape goes on, after a value that may be any other. */
interface Piece {
  /** Index after that value, which begins at `from`; -1 when none does. Left out, there is none. */
  after?: (bytes: Uint8Array, from: number) => number
  literal: Literal
}

function piecesOf(parts: readonly string[], open: readonly number[]): Piece[] {
  const ends = [...open, parts.length]
  return ends.map((end, index) => {
    const value = open[index - 1] ?? -1
    const literal = createLiteral(parts.slice(value + 1, end).join(''))
    if (value === -1) return { literal }
    return { after: parts[value - 1]?.endsWith('"') ? endOfText : endOfNumber, literal }
  })
}

const TEXT = String.raw`"(?:[^"\\\x00-\x1f]|\\[^\x00-\x1f])*"`
/** A text; if it is a key, with what comes before its value, and with the value where that is a text or a number. */
const MEMBER = new RegExp(String.raw`${TEXT}(?:(: ?)(${TEXT}|-?\d[\d.eE+-]*))?`, 'g')

/** `null` for a text that is none of JSON. */
function partsOf(text: string, fixed: ReadonlySet<string>): string[] | null {
  const parts: string[] = []
  let from = 0
  let looked = 0
  MEMBER.lastIndex = 0
  for (let found = MEMBER.exec(text); found; found = MEMBER.exec(text)) {
    const [member, colon, value] = found
    if (text.slice(looked, found.index).includes('"')) return null
    looked = MEMBER.lastIndex
    if (colon === undefined || value === undefined) continue
    const key = member.slice(1, -1 - colon.length - value.length)
    if (key.includes('\\') || fixed.has(key)) continue
    const quote = value.startsWith('"') ? 1 : 0
    parts.push(
      text.slice(from, looked - value.length + quote),
      text.slice(looked - value.length + quote, looked - quote),
    )
    from = looked - quote
  }
  if (text.slice(looked).includes('"')) return null
  return [...parts, text.slice(from)]
}

/** A raw line break would end the text's line, and perhaps its event. */
function endOfText(bytes: Uint8Array, from: number): number {
  for (let at = from; at < bytes.length; at++) {
    const byte = bytes[at] as number
    if (byte === QUOTE) return at
    if (byte === BACKSLASH) at++
    if ((bytes[at] as number) < FIRST_PRINTABLE) return -1
  }
  return -1
}

function endOfNumber(bytes: Uint8Array, from: number): number {
  let at = from
  while (at < bytes.length && NUMERIC[bytes[at] as number] === 1) at++
  return at === from ? -1 : at
}

const NUMERIC = new Uint8Array(256)
for (const byte of new TextEncoder().encode('0123456789.eE+-')) NUMERIC[byte] = 1
