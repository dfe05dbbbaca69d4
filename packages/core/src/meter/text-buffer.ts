import { byteBuffer } from './byte-buffer.ts'

/** Text held until it makes sense. It is decoded as it comes: bytes would have to be copied to be kept. */
export interface TextBuffer {
  /** Bytes appended since it was last empty. */
  readonly size: number
  append(bytes: Uint8Array): void
  /** What is held. What is not UTF-8 is U+FFFD. */
  text(): string
  clear(): void
}

/** Smaller pieces are gathered first: each piece of a text costs more than a few bytes. */
const PIECE_BYTES = 1024

export function textBuffer(): TextBuffer {
  // A byte order mark is a character here: the body's own was taken off.
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
  const gathered = byteBuffer()
  let held = ''
  let size = 0

  function decodeGathered(): void {
    if (gathered.size === 0) return
    held += decoder.decode(gathered.view(), { stream: true })
    gathered.clear()
  }

  return {
    get size() {
      return size
    },
    append(bytes) {
      size += bytes.length
      if (bytes.length < PIECE_BYTES) gathered.append(bytes)
      if (bytes.length >= PIECE_BYTES || gathered.size >= PIECE_BYTES) decodeGathered()
      if (bytes.length >= PIECE_BYTES) held += decoder.decode(bytes, { stream: true })
    },
    text() {
      decodeGathered()
      held += decoder.decode()
      return held
    },
    clear() {
      gathered.clear()
      decoder.decode()
      held = ''
      size = 0
    },
  }
}
