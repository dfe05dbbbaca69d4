import { whenCollected } from '../when-collected.ts'

/** What one stream may gather, in bytes. */
const BYTES = 4 * 1024
/** As many streams may gather at a time; of the others each chunk is read as it comes. */
const MOST_STREAMS = 256

/** Larger chunks are not worth it. */
export const MOST_GATHERED = BYTES / 4

/**
 * Small chunks of a stream, which are read many at a time: to come back to the meter for each, with all that a server does
 * in between, takes several times what reading it does.
 */
export class Gathering {
  readonly #memory = new Uint8Array(BYTES)
  #size = 0

  /** Copies the bytes. Returns whether there was room for them. */
  append(bytes: Uint8Array): boolean {
    if (this.#size + bytes.length > BYTES) return false
    this.#memory.set(bytes, this.#size)
    this.#size += bytes.length
    return true
  }

  /** What was gathered, and nothing is any more. Valid until the next `append`. */
  take(): Uint8Array {
    const size = this.#size
    this.#size = 0
    return this.#memory.subarray(0, size)
  }
}

const free: Gathering[] = []
let made = 0

/** For one stream, until it is given back; `null` where enough streams gather. */
export function borrowGathering(): Gathering | null {
  return free.pop() ?? (made < MOST_STREAMS ? make() : null)
}

/** What is in it is let go. */
export function giveBack(gathering: Gathering): void {
  gathering.take()
  free.push(gathering)
}

function make(): Gathering {
  const gathering = new Gathering()
  made++
  // Of a stream that was given up, and never ended.
  whenCollected(gathering, () => made--)
  return gathering
}
