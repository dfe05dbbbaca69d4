/** Bytes, the first of which can be looked at before any are read. */
export interface Source {
  /** The first 256 KiB, or all there are. */
  readonly head: Uint8Array
  /** All bytes from `offset` on, which lies in the head; to be read once. */
  from(offset: number): AsyncGenerator<Uint8Array>
}

const HEAD_BYTES = 256 * 1024

/** Reads the head of some bytes. */
export async function openSource(bytes: AsyncIterable<Uint8Array>): Promise<Source> {
  const iterator = bytes[Symbol.asyncIterator]()
  const chunks: Uint8Array[] = []
  let size = 0
  while (size < HEAD_BYTES) {
    const { done, value } = await iterator.next()
    if (done) break
    chunks.push(value)
    size += value.length
  }
  const begun = Buffer.concat(chunks)
  return {
    head: begun.subarray(0, HEAD_BYTES),
    async *from(offset) {
      if (offset < begun.length) yield begun.subarray(offset)
      for (;;) {
        const { done, value } = await iterator.next()
        if (done) return
        yield value
      }
    },
  }
}

/** All bytes of a source, or `null` when there are more than `most`. */
export async function wholeOf(source: Source, most: number): Promise<Uint8Array | null> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of source.from(0)) {
    size += chunk.length
    if (size > most) return null
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}
