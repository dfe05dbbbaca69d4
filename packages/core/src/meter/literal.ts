/** A text that is looked for in bytes, at one place. */
export interface Literal {
  /** In bytes. */
  readonly length: number
  isAt(bytes: Uint8Array, from: number): boolean
}

const WORD = Int32Array.BYTES_PER_ELEMENT
/** Of so many bytes, to copy them to where words begin and to compare words takes less time. */
const LONG = 48

/** What is compared by words is copied here, so that it begins where a word does. */
const memory = new Uint8Array(8192)
const words = new Int32Array(memory.buffer)

export function createLiteral(text: string): Literal {
  const wanted = new TextEncoder().encode(text)
  const { length } = wanted
  const wantedWords = length < LONG || length > memory.length ? NO_WORDS : wordsOf(wanted)

  return {
    length,
    isAt(bytes, from) {
      if (from + length > bytes.length) return false
      const { length: count } = wantedWords
      if (count > 0) {
        const first = align(bytes, from, length)
        for (let at = 0; at < count; at++) if (words[first + at] !== wantedWords[at]) return false
      }
      for (let at = count * WORD; at < length; at++) if (bytes[from + at] !== wanted[at]) return false
      return true
    },
  }
}

/** Copies these bytes; index of the word with which those from `from` on begin. All of a few are copied: to cut them takes longer. */
function align(bytes: Uint8Array, from: number, length: number): number {
  const before = (WORD - (from % WORD)) % WORD
  if (before + bytes.length > memory.length) {
    memory.set(bytes.subarray(from, from + length))
    return 0
  }
  memory.set(bytes, before)
  return (from + before) / WORD
}

const NO_WORDS = new Int32Array(0)

function wordsOf(bytes: Uint8Array): Int32Array {
  const whole = bytes.slice(0, bytes.length - (bytes.length % WORD))
  return new Int32Array(whole.buffer)
}
