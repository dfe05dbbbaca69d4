import { ByteBuffer } from './byte-buffer.ts'
import { decodeText } from './transport.ts'

/** Smaller pieces are gathered, after the first one: each piece of a text costs more than a few bytes. */
const PIECE_BYTES = 1024

/** Text held until it makes sense. It is decoded as it comes: bytes would have to be copied to be kept. */
export class TextBuffer {
  readonly #gathered = new ByteBuffer()
  #held = ''
  #size = 0

  /** Bytes appended since it was last empty. */
  get size(): number {
    return this.#size
  }

  append(bytes: Uint8Array): void {
    const isPiece = this.#size === 0 || (bytes.length >= PIECE_BYTES && this.#gathered.size === 0)
    this.#size += bytes.length
    if (isPiece) {
      this.#decodePiece(bytes)
      return
    }
    this.#gathered.append(bytes)
    if (this.#gathered.size >= PIECE_BYTES) this.#decodeGathered()
  }

  /** What is held. What is not UTF-8 is U+FFFD. */
  text(): string {
    return this.#gathered.size === 0 ? this.#held : this.#held + decodeText(this.#gathered.view())
  }

  /** What is held, as bytes, with nothing held afterwards. */
  drain(): Uint8Array[] {
    const pieces = [new TextEncoder().encode(this.#held), this.#gathered.view().slice()]
    this.clear()
    return pieces
  }

  clear(): void {
    this.#gathered.clear()
    this.#held = ''
    this.#size = 0
  }

  #decodeGathered(): void {
    const bytes = this.#gathered.view()
    this.#gathered.clear()
    this.#decodePiece(bytes)
  }

  #decodePiece(bytes: Uint8Array): void {
    const end = wholeCharacters(bytes)
    this.#held += decodeText(end === bytes.length ? bytes : bytes.subarray(0, end))
    if (end < bytes.length) this.#gathered.append(bytes.subarray(end))
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
