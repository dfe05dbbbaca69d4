import { createSkimmer, type Skimmer } from './skim.ts'
import { TextBuffer } from './text-buffer.ts'

/** Up to here a document is parsed whole: nothing of it is passed over. To pass over the bulk of more costs less than to parse it. */
const HELD_WHOLE = 8 * 1024

/** A JSON document, held until it is whole. Past a size that most never reach, only what may be read of it is held. */
export class DocumentBuffer {
  readonly #maxBytes: number
  readonly #held = new TextBuffer()
  #size = 0
  #skimmer: Skimmer | null = null

  /** @param maxBytes the most that is held */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  /** False when more would have to be held than the bound allows. */
  append(bytes: Uint8Array): boolean {
    this.#size += bytes.length
    if (this.#size > Math.min(HELD_WHOLE, this.#maxBytes)) this.#skimmer ??= this.#beginSkimming()
    if (this.#skimmer) this.#skimmer.write(bytes)
    else this.#held.append(bytes)
    return this.#held.size <= this.#maxBytes
  }

  /** The document, perhaps without its bulk. What is not UTF-8 is U+FFFD. */
  text(): string {
    return this.#held.text()
  }

  clear(): void {
    this.#held.clear()
    this.#size = 0
    this.#skimmer = null
  }

  #beginSkimming(): Skimmer {
    const whole = this.#held.drain()
    const begun = createSkimmer((rest) => this.#held.append(rest))
    for (const piece of whole) begun.write(piece)
    return begun
  }
}
