import type { Claim } from '../content-type.ts'
import { PRELUDE_BYTES, readPrelude } from './aws-message.ts'

/** What a body turned out to be. `more`: its first bytes do not tell yet. */
export type Verdict =
  | 'json'
  | 'json-array'
  | 'ndjson'
  | 'sse'
  | 'aws-event-stream'
  | 'encoded'
  | 'unreadable'
  | 'other'
  | 'more'

const MAGIC: readonly (readonly number[])[] = [
  [0x1f, 0x8b], // gzip
  [0x28, 0xb5, 0x2f, 0xfd], // zstd
  [0x78, 0x01], // zlib, by its usual levels
  [0x78, 0x5e],
  [0x78, 0x9c],
  [0x78, 0xda],
]

const OPEN_OBJECT = 0x7b

/** The bytes that tell the transport of a text. */
const ENOUGH = 6

/** Beginnings that tell something; while a shorter start may become one of them, the verdict waits. */
const TELLING = ['data:', 'event:', 'id:', 'retry:', '\xef\xbb\xbf', '\x1f\x8b', '\x28\xb5\x2f\xfd', '\x78\x01']

/**
 * Tells the transport from the content type's claim and the body's first bytes, which come without byte order mark and
 * white space. The bytes win: SSE is sent as JSON, JSON lines as plain JSON, JSON with no type at all.
 *
 * @param encoded the headers say that the body is compressed; a proxied `fetch` says so of plain bytes too
 */
export function sniff(head: Uint8Array, claim: Claim, encoded: boolean): Verdict {
  if (claim === 'other') return 'other'
  if (head[0] === OPEN_OBJECT) return claim === 'ndjson' ? 'ndjson' : 'json'
  if (MAGIC.some((magic) => startsWith(head, magic))) return 'encoded'
  const start = String.fromCharCode(...head.subarray(0, ENOUGH))
  if (start.startsWith('[')) return claim === 'ndjson' ? 'ndjson' : 'json-array'
  if (/^(:|data:|event:|id:|retry:)/.test(start)) return 'sse'
  if (readPrelude(head)) return 'aws-event-stream'
  if (head.length < ENOUGH && mayStillTell(start)) return 'more'
  if (head.length < PRELUDE_BYTES && head[0] === 0) return 'more'
  if (encoded) return 'encoded'
  if (claim === 'aws-event-stream') return claim
  if (claim === 'unknown' || claim === 'text') return 'other'
  if (claim === 'sse') return /^[\t\x20-\x7e]/.test(start) ? 'sse' : 'unreadable'
  return /^["\-0-9tfn]/.test(start) ? 'json' : 'unreadable'
}

function mayStillTell(start: string): boolean {
  return TELLING.some((known) => known.length > start.length && known.startsWith(start))
}

function startsWith(bytes: Uint8Array, prefix: readonly number[]): boolean {
  return prefix.every((byte, at) => bytes[at] === byte)
}

/** Index of the first byte that is neither white space nor part of a byte order mark. */
export function contentStart(bytes: Uint8Array): number {
  let at = 0
  for (;;) {
    const byte = bytes[at]
    if (byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09) at++
    else if (byte === 0xef && bytes[at + 1] === 0xbb && bytes[at + 2] === 0xbf) at += 3
    else return at
  }
}
