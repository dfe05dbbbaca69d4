/** Of a text, as many bytes are kept; of those that are read, none is longer. */
const TEXT_KEPT = 1024
/** Of numbers in a row, as many are kept: vectors, token ids, bytes. None of them is usage. */
const NUMBERS_KEPT = 16
/** Of white space, as much is kept. */
const BLANKS_KEPT = 16

const QUOTE = 0x22
const BACKSLASH = 0x5c
const COMMA = 0x2c
const LETTER_U = 0x75

/** What a byte outside texts can be; most begin or end something. */
const NUMERIC = 1
const BLANK = 2
const OPENS = 3
const CLOSES = 4
const KINDS = new Uint8Array(256)
for (const [kind, characters] of [
  [NUMERIC, '0123456789+-.eE,'],
  [BLANK, ' \t\r\n'],
  [OPENS, '{['],
  [CLOSES, '}]'],
] as const)
  for (const character of characters) KINDS[character.charCodeAt(0)] = kind

export interface Skimmer {
  write(bytes: Uint8Array): void
}

/**
 * Takes the bulk out of a JSON document, however its bytes are cut: long texts are cut short, long rows of numbers lose
 * their rest, and so does white space. What is left is JSON if the document was, with all its keys, and all numbers that
 * do not lie in such a row. Holds nothing.
 *
 * @param keep given what is left, piece by piece. The bytes are valid during the call only
 */
export function createSkimmer(keep: (bytes: Uint8Array) => void): Skimmer {
  /** What is passed over: what lies between texts, a text, or the rest of one that is long enough. */
  let pass = passBetween
  /** Where what is kept of these bytes begins; -1 while nothing is. */
  let kept = 0
  let depth = 0
  let blanks = 0
  /** In the row of numbers. From `NUMBERS_KEPT` on, what follows is left out. */
  let commas = 0
  /** Numbers were left out, and the comma after them. */
  let owesComma = false
  let textBytes = 0
  /** Inside an escape: -1 after the backslash, else the digits that are still to come. */
  let escaping = 0

  function keepUpTo(bytes: Uint8Array, at: number): void {
    if (kept !== -1 && at > kept) keep(bytes.subarray(kept, at))
    kept = -1
  }

  function passBetween(bytes: Uint8Array, from: number): number {
    let at = from
    while (at < bytes.length) {
      const byte = bytes[at] as number
      const kind = KINDS[byte]
      if (kind === NUMERIC) at = passNumbers(bytes, at)
      else if (kind === BLANK) at = passBlanks(bytes, at)
      else {
        blanks = 0
        endRow(kind === CLOSES)
        if (kept === -1) kept = at
        at++
        if (kind === OPENS) depth++
        else if (kind === CLOSES) depth--
        else if (byte === QUOTE) {
          textBytes = 0
          pass = passText
          return at
        }
      }
    }
    return at
  }

  function passNumbers(bytes: Uint8Array, from: number): number {
    blanks = 0
    if (kept === -1 && commas < NUMBERS_KEPT) kept = from
    let at = from
    for (; commas < NUMBERS_KEPT && KINDS[bytes[at] as number] === NUMERIC; at++)
      if (bytes[at] === COMMA && ++commas === NUMBERS_KEPT) keepUpTo(bytes, at)
    if (commas < NUMBERS_KEPT) return at
    at = endOfNumbers(bytes, at)
    owesComma = bytes[at - 1] === COMMA
    return at
  }

  function passBlanks(bytes: Uint8Array, from: number): number {
    let at = from
    for (; at < bytes.length && KINDS[bytes[at] as number] === BLANK; at++)
      if (++blanks > BLANKS_KEPT || depth === 0) keepUpTo(bytes, at)
    return at
  }

  /** The comma of what was left out parts what comes next, unless that is the end. */
  function endRow(closes: boolean): void {
    if (owesComma && !closes) keep(COMMA_ALONE)
    owesComma = false
    commas = 0
  }

  function passText(bytes: Uint8Array, from: number): number {
    let at = from
    while (at < bytes.length) {
      const byte = bytes[at++]
      if (escaping !== 0) escaping = escaping > 0 ? escaping - 1 : byte === LETTER_U ? 4 : 0
      else if (byte === BACKSLASH) escaping = -1
      else if (byte === QUOTE) {
        pass = passBetween
        return at
      }
      if (++textBytes >= TEXT_KEPT && escaping === 0) {
        keepUpTo(bytes, at)
        pass = passRestOfText
        return at
      }
    }
    return at
  }

  function passRestOfText(bytes: Uint8Array, from: number): number {
    const at = endOfText(bytes, escaping === 0 ? from : from + 1)
    escaping = at > bytes.length ? -1 : 0
    if (at >= bytes.length) return bytes.length
    kept = at
    pass = passBetween
    return at + 1
  }

  return {
    write(bytes) {
      for (let at = 0; at < bytes.length; ) at = pass(bytes, at)
      const keeps = kept !== -1
      keepUpTo(bytes, bytes.length)
      if (keeps) kept = 0
    },
  }
}

const COMMA_ALONE = new Uint8Array([COMMA])

function endOfNumbers(bytes: Uint8Array, from: number): number {
  const { length } = bytes
  let at = from
  while (at < length && KINDS[bytes[at] as number] === NUMERIC) at++
  return at
}

/** The platform looks for a byte ten times as fast, and takes as long to begin as we for some hundred bytes. */
const LEAST_AHEAD = 32
const MOST_AHEAD = 4096
/** So far it was worth it. */
const FAR = 512

/** Index of the quote that ends a text; the bytes' length if none does, and one more if their last is half an escape. */
function endOfText(bytes: Uint8Array, from: number): number {
  const { length } = bytes
  let at = from
  /** Grows where letting the platform look was not worth it. */
  let ahead = LEAST_AHEAD
  while (at < length) {
    const near = Math.min(length, at + ahead)
    while (at < near) {
      const byte = bytes[at]
      if (byte === QUOTE) return at
      at += byte === BACKSLASH ? 2 : 1
    }
    if (at >= length) return at
    const next = beforeQuote(bytes, at)
    ahead = next - at > FAR ? LEAST_AHEAD : Math.min(MOST_AHEAD, ahead * 4)
    at = next
  }
  return at
}

/** Index of the next quote, or of the backslashes before it. */
function beforeQuote(bytes: Uint8Array, from: number): number {
  const quote = bytes.indexOf(QUOTE, from)
  let at = quote === -1 ? bytes.length : quote
  while (at > from && bytes[at - 1] === BACKSLASH) at--
  return at
}
