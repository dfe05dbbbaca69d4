import { crc32 } from './crc32.ts'
import { decodeText } from './transport.ts'

/** Bytes of a prelude: the lengths of the message and of its headers, and their checksum. */
export const PRELUDE_BYTES = 12
const LENGTHS_BYTES = 8
const CHECKSUM_BYTES = 4

/** The lengths that a message begins with, in bytes. */
export interface AwsPrelude {
  /** Of the whole message, prelude and checksums included. */
  total: number
  headers: number
}

/** One message of an AWS event stream. */
export interface AwsMessage {
  /** Those that hold a text: `':event-type'` to `'chunk'`. */
  headers: ReadonlyMap<string, string>
  payload: Uint8Array
}

/** The lengths at the head of a message; `null` when they are not those that were sent, or can be of no message. */
export function readPrelude(bytes: Uint8Array): AwsPrelude | null {
  if (bytes.length < PRELUDE_BYTES || uint32(bytes, LENGTHS_BYTES) !== crc32(bytes.subarray(0, LENGTHS_BYTES)))
    return null
  const total = uint32(bytes, 0)
  const headers = uint32(bytes, 4)
  return PRELUDE_BYTES + headers + CHECKSUM_BYTES <= total ? { total, headers } : null
}

/** The message that these bytes are, `null` when they are not those that were sent. */
export function readMessage(bytes: Uint8Array): AwsMessage | null {
  const prelude = readPrelude(bytes)
  const end = bytes.length - CHECKSUM_BYTES
  if (prelude?.total !== bytes.length || uint32(bytes, end) !== crc32(bytes.subarray(0, end))) return null
  const headersEnd = PRELUDE_BYTES + prelude.headers
  const headers = readHeaders(bytes.subarray(PRELUDE_BYTES, headersEnd))
  return headers && { headers, payload: bytes.subarray(headersEnd, end) }
}

/**
 * Bytes of a header's value, by the number of its type: two booleans, integers of four sizes, bytes and a text (with a
 * length of their own), a time, a UUID.
 */
const VALUE_BYTES: readonly (number | 'own')[] = [0, 0, 1, 2, 4, 8, 'own', 'own', 8, 16]
const TEXT = 7

function readHeaders(bytes: Uint8Array): Map<string, string> | null {
  const headers = new Map<string, string>()
  for (let at = 0; at < bytes.length; ) {
    const nameEnd = at + 1 + (bytes[at] as number)
    const type = bytes[nameEnd] ?? VALUE_BYTES.length
    const size = VALUE_BYTES[type]
    if (size === undefined) return null
    const start = nameEnd + (size === 'own' ? 3 : 1)
    const end = start + (size === 'own' ? uint16(bytes, nameEnd + 1) : size)
    if (end > bytes.length) return null
    if (type === TEXT) headers.set(decodeText(bytes.subarray(at + 1, nameEnd)), decodeText(bytes.subarray(start, end)))
    at = end
  }
  return headers
}

function uint32(bytes: Uint8Array, at: number): number {
  return uint16(bytes, at) * 0x1_0000 + uint16(bytes, at + 2)
}

/** Big-endian; a byte that is not there is 0. */
function uint16(bytes: Uint8Array, at: number): number {
  return (bytes[at] ?? 0) * 0x100 + (bytes[at + 1] ?? 0)
}
