import { byteBuffer } from './byte-buffer.ts'
import { createSkimmer, type Skimmer } from './skim.ts'
import { textBuffer } from './text-buffer.ts'

/** A JSON document, held until it is whole. Past a size that most never reach, only what may be read of it is held. */
export interface DocumentBuffer {
  /** False when more would have to be held than the bound allows. */
  append(bytes: Uint8Array): boolean
  /** The document, perhaps without its bulk. What is not UTF-8 is U+FFFD. */
  text(): string
  clear(): void
}

/** Up to here a document is parsed whole: that costs little, and nothing of it is passed over. */
const HELD_WHOLE = 1024 * 1024
/** Smaller pieces are gathered first. */
const PIECE_BYTES = 1024

/** @param maxBytes the most that is held */
export function documentBuffer(maxBytes: number): DocumentBuffer {
  const mostWhole = Math.min(HELD_WHOLE, maxBytes)
  const gathered = byteBuffer()
  const skimmed = textBuffer()
  let pieces: Uint8Array[] = []
  let size = 0
  let skimmer: Skimmer | null = null

  function hold(bytes: Uint8Array): void {
    size += bytes.length
    if (bytes.length < PIECE_BYTES) gathered.append(bytes)
    if (bytes.length >= PIECE_BYTES || gathered.size >= PIECE_BYTES) endPiece()
    if (bytes.length >= PIECE_BYTES) pieces.push(bytes.slice())
  }

  function endPiece(): void {
    if (gathered.size > 0) pieces.push(gathered.view().slice())
    gathered.clear()
  }

  function beginSkimming(): Skimmer {
    const begun = createSkimmer((rest) => skimmed.append(rest))
    endPiece()
    for (const piece of pieces) begun.write(piece)
    pieces = []
    return begun
  }

  return {
    append(bytes) {
      if (skimmer === null && size + bytes.length <= mostWhole) {
        hold(bytes)
        return true
      }
      skimmer ??= beginSkimming()
      skimmer.write(bytes)
      return skimmed.size <= maxBytes
    },
    text() {
      if (skimmer !== null) return skimmed.text()
      endPiece()
      const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
      return pieces.map((piece) => decoder.decode(piece, { stream: true })).join('') + decoder.decode()
    },
    clear() {
      gathered.clear()
      skimmed.clear()
      pieces = []
      size = 0
      skimmer = null
    },
  }
}
