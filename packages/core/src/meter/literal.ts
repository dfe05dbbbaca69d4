/** A text that is looked for in bytes, at one place. */
export interface Literal {
  /** In bytes. */
  readonly length: number
  isAt(bytes: Uint8Array, from: number): boolean
}

const WORD = Int32Array.BYTES_PER_ELEMENT
/** Of so many bytes, to copy them to where words begin and to compare words takes less time. */
const LONG = 48

/** Where words begin. What is compared by words is copied here first. */
const aligned = new Uint8Array(8192)
const words = new Int32Array(aligned.buffer)

export function createLiteral(text: string): Literal {
  const wanted = new TextEncoder().encode(text)
  const { length } = wanted
  const wantedWords = length < LONG || length > aligned.length ? NO_WORDS : wordsOf(wanted)

  return {
    length,
    isAt(bytes, from) {
      if (from + length > bytes.length) return false
      if (wantedWords.length > 0) {
        aligned.set(from === 0 && bytes.length <= aligned.length ? bytes : bytes.subarray(from, from + length))
        for (let at = 0; at < wantedWords.length; at++) if (words[at] !== wantedWords[at]) return false
      }
      for (let at = wantedWords.length * WORD; at < length; at++) if (bytes[from + at] !== wanted[at]) return false
      return true
    },
  }
}

const NO_WORDS = new Int32Array(0)

function wordsOf(bytes: Uint8Array): Int32Array {
  const whole = bytes.slice(0, bytes.length - (bytes.length % WORD))
  return new Int32Array(whole.buffer)
}
