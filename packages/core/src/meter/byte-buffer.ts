const SMALLEST = 256
/** A buffer that grew past this gives its memory back when it is cleared. */
const KEPT = 64 * 1024

/** No bytes. */
export const NOTHING = new Uint8Array(0)

/** Bytes held until they make sense. Grows by doubling, so that a body in tiny chunks costs no more than a whole one. */
export class ByteBuffer {
  #memory = NOTHING
  #size = 0

  get size(): number {
    return this.#size
  }

  /** Copies the bytes: the caller may reuse its memory afterwards. */
  append(bytes: Uint8Array): void {
    this.#reserve(this.#size + bytes.length)
    this.#memory.set(bytes, this.#size)
    this.#size += bytes.length
  }

  /** A view of what is held, valid until the next `append` or `clear`. */
  view(): Uint8Array {
    return this.#memory.subarray(0, this.#size)
  }

  clear(): void {
    this.#size = 0
    if (this.#memory.length > KEPT) this.#memory = NOTHING
  }

  #reserve(wanted: number): void {
    if (wanted <= this.#memory.length) return
    const grown = new Uint8Array(Math.max(wanted, this.#memory.length * 2, SMALLEST))
    grown.set(this.#memory.subarray(0, this.#size))
    this.#memory = grown
  }
}
