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

/** Up to here a document is parsed whole: nothing of it is passed over. To pass over the bulk of more costs less than to parse it. */
const HELD_WHOLE = 8 * 1024

/** @param maxBytes the most that is held */
export function documentBuffer(maxBytes: number): DocumentBuffer {
  const mostWhole = Math.min(HELD_WHOLE, maxBytes)
  const held = textBuffer()
  let size = 0
  let skimmer: Skimmer | null = null

  function beginSkimming(): Skimmer {
    const whole = held.drain()
    const begun = createSkimmer((rest) => held.append(rest))
    for (const piece of whole) begun.write(piece)
    return begun
  }

  return {
    append(bytes) {
      size += bytes.length
      if (size > mostWhole) skimmer ??= beginSkimming()
      if (skimmer) skimmer.write(bytes)
      else held.append(bytes)
      return held.size <= maxBytes
    },
    text: held.text,
    clear() {
      held.clear()
      size = 0
      skimmer = null
    },
  }
}
