import { ReadError } from './read-error.ts'

const MOST_LINE = 4096

/** True of a body that begins with a chunk: its size, and after so many bytes a line break, as far as they can be seen. */
export function isChunked(head: Uint8Array): boolean {
  const [line, digits] = SIZE_LINE.exec(latin1(head.subarray(0, MOST_LINE))) ?? []
  if (line === undefined || digits === undefined) return false
  const rest = head.subarray(line.length + Number.parseInt(digits, 16))
  return rest.length < 2 || /^\r?\n/.test(latin1(rest.subarray(0, 2)))
}

const SIZE_LINE = /^([0-9a-f]{1,8})[ \t]*(?:;[^\r\n]*)?\r?\n/i

/**
 * The bytes of chunks, without their sizes and without what follows the last one. Ends where the chunks break off.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9112#section-7.1
 */
export async function* unchunked(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let left = 0
  let line = ''
  for await (const part of bytes) {
    let at = 0
    while (at < part.length) {
      if (left > 0) {
        const data = part.subarray(at, at + left)
        yield data
        left -= data.length
        at += data.length
        continue
      }
      const end = part.indexOf(0x0a, at)
      line += latin1(part.subarray(at, end === -1 ? part.length : end + 1))
      if (line.length > MOST_LINE) throw new ReadError(NO_SIZE)
      if (end === -1) break
      at = end + 1
      // The line break after a chunk is a line by itself.
      const size = line.trim() === '' ? null : sizeIn(line)
      if (size === 0) return
      left = size ?? 0
      line = ''
    }
  }
}

function sizeIn(line: string): number {
  const digits = SIZE_LINE.exec(line)?.[1]
  if (digits === undefined) throw new ReadError(NO_SIZE)
  return Number.parseInt(digits, 16)
}

const NO_SIZE = 'its body begins in chunks, and one of them has no size: some of its bytes are missing, or were changed'

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
}
