import { fixedParts, nameOf, Shape } from './shape.ts'
import { decodeText } from './transport.ts'
import type { Framing, Watch } from './watch.ts'

export interface SieveOptions {
  framing: Framing
  /** Index after the event that begins at `from`; -1 when it ends where the text does. */
  findEnd(text: string, from: number): number
  /**
   * What to look for in the events that come: `null`, each may tell something; `undefined`, it is not known yet. It changes
   * only with an event that is read, or between two writes.
   */
  watch(): Watch | null | undefined
  /** Given one or more whole events that may tell something, in order. */
  read(text: string): void
}

/** Where events that tell something follow each other as often as this, looking first is not worth its time for as many writes. */
const MOST_IN_A_ROW = 32

/** Of a stream that had as many events of no known shape, the shapes of the others are not looked for. */
const MOST_STRANGE = 32

/** Of longer texts no shape is looked for: a value of millions of escapes takes more stack than an engine's patterns have. */
const LONGEST = 128 * 1024

/**
 * Passes on, of the bytes of whole events, those that may tell something. Most events of a stream are of one shape, which
 * tells nothing: they are known by that. The others are searched for what is watched.
 */
export class Sieve {
  readonly #options: SieveOptions
  #inARow = 0
  /** Writes that are to be read without looking first. */
  #unsearched = 0
  #watch: Watch | null | undefined
  /** Of the last events in which nothing was found. */
  #shape: Shape | undefined
  /** The name of the shape that such an event had, if that was not known. */
  #newShape: string | null = null
  #strange = 0

  constructor(options: SieveOptions) {
    this.#options = options
  }

  /** Given the bytes of whole events. */
  write(bytes: Uint8Array): void {
    const text = decodeText(bytes)
    if (this.#unsearched > 0) this.#unsearched--
    this.#look()
    for (let from = 0; from < text.length; ) {
      const end = this.#endOfKnown(text, from)
      from = end === -1 ? this.#search(text, from) : end
    }
  }

  #look(): void {
    const next = this.#unsearched > 0 ? null : this.#options.watch()
    if (next === this.#watch) return
    this.#watch = next
    this.#shape = undefined
    this.#newShape = null
    this.#strange = 0
  }

  /** Index after the events that begin at `from` and are of one shape, which tells nothing; -1 when none does. */
  #endOfKnown(text: string, from: number): number {
    if (text.length > LONGEST) return -1
    const end = this.#shape?.endOf(text, from) ?? -1
    if (end !== -1) {
      this.#inARow = 0
      return end
    }
    if (!this.#watch || this.#strange > MOST_STRANGE) return -1
    const found = this.#watch.shapes[this.#options.framing].find(text, from)
    if (!found) return -1
    this.#shape = found.shape
    this.#inARow = 0
    return found.end
  }

  /** Searches one event, or reads more where each may tell something, and returns where that ends. */
  #search(text: string, from: number): number {
    const watch = this.#watch
    const found = watch === null ? -1 : this.#options.findEnd(text, from)
    const end = found === -1 ? text.length : found
    const events = text.slice(from, end)
    this.#strange++
    if (!watch || finds(watch, events)) {
      if (watch && ++this.#inARow === MOST_IN_A_ROW) this.#rest()
      this.#options.read(events)
      this.#look()
    } else {
      this.#inARow = 0
      this.#learn(events, watch)
    }
    return end
  }

  #rest(): void {
    this.#inARow = 0
    this.#unsearched = MOST_IN_A_ROW
  }

  /** Two of one shape make it worth knowing. */
  #learn(event: string, { keys, shapes }: Watch): void {
    if (this.#strange > MOST_STRANGE) return
    const fixed = fixedParts(event, keys)
    const name = fixed && nameOf(fixed)
    if (fixed && name === this.#newShape) shapes[this.#options.framing].add(new Shape(fixed))
    this.#newShape = name
  }
}

function finds({ pattern }: Watch, text: string): boolean {
  pattern.lastIndex = 0
  return pattern.test(text)
}
