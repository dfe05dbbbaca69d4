const SMALLEST = 1024
/** A buffer that grew past this gives its memory back when it is cleared. */
const KEPT = 64 * 1024

/** No bytes. */
export const NOTHING = new Uint8Array(0)

/** Bytes held until they make sense. Grows by doubling, so that a body in tiny chunks costs no more than a whole one. */
export interface ByteBuffer {
  readonly size: number
  /** Copies the bytes: the caller may reuse its memory afterwards. */
  append(bytes: Uint8Array): void
  /** A view of what is held, valid until the next `append` or `clear`. */
  view(): Uint8Array
  clear(): void
}

export function byteBuffer(): ByteBuffer {
  let memory = NOTHING
  let size = 0

  function reserve(wanted: number): void {
    if (wanted <= memory.length) return
    const grown = new Uint8Array(Math.max(wanted, memory.length * 2, SMALLEST))
    grown.set(memory.subarray(0, size))
    memory = grown
  }

  return {
    get size() {
      return size
    },
    append(bytes) {
      reserve(size + bytes.length)
      memory.set(bytes, size)
      size += bytes.length
    },
    view() {
      return memory.subarray(0, size)
    },
    clear() {
      size = 0
      if (memory.length > KEPT) memory = NOTHING
    },
  }
}
