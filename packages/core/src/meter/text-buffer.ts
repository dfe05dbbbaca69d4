import { ByteBuffer } from './byte-buffer.ts'
import { decodeText } from './transport.ts'

/** Text held until it makes sense. It is decoded as it comes: bytes would have to be copied to be kept. */
export interface TextBuffer {
  /** Bytes appended since it was last empty. */
  readonly size: number
  append(bytes: Uint8Array): void
  /** What is held. What is not UTF-8 is U+FFFD. */
  text(): string
  /** What is held, as bytes, with nothing held afterwards. */
  drain(): Uint8Array[]
  clear(): void
}

/** Smaller pieces are gathered, after the first one: each piece of a text costs more than a few bytes. */
const PIECE_BYTES = 1024

export function textBuffer(): TextBuffer {
  const gathered = new ByteBuffer()
  let held = ''
  let size = 0

  function decodeGathered(): void {
    const bytes = gathered.view()
    gathered.clear()
    decodePiece(bytes)
  }

  function decodePiece(bytes: Uint8Array): void {
    const end = wholeCharacters(bytes)
    held += decodeText(end === bytes.length ? bytes : bytes.subarray(0, end))
    if (end < bytes.length) gathered.append(bytes.subarray(end))
  }

  function clear(): void {
    gathered.clear()
    held = ''
    size = 0
  }

  return {
    get size() {
      return size
    },
    append(bytes) {
      const isPiece = size === 0 || (bytes.length >= PIECE_BYTES && gathered.size === 0)
      size += bytes.length
      if (isPiece) return decodePiece(bytes)
      gathered.append(bytes)
      if (gathered.size >= PIECE_BYTES) decodeGathered()
    },
    text() {
      return gathered.size === 0 ? held : held + decodeText(gathered.view())
    },
    drain() {
      const pieces = [new TextEncoder().encode(held), gathered.view().slice()]
      clear()
      return pieces
    },
    clear,
  }
}

/** Where the last character of UTF-8 begins, if it goes on after these bytes; else their length. */
function wholeCharacters(bytes: Uint8Array): number {
  const { length } = bytes
  for (let back = 1; back <= 3 && back <= length; back++) {
    const byte = bytes[length - back] as number
    if (byte < 0x80) return length
    if (byte >= 0xc0) return back < bytesOfCharacter(byte) ? length - back : length
  }
  return length
}

function bytesOfCharacter(lead: number): number {
  return lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2
}
