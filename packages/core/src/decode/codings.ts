import { readPrelude } from '../meter/aws-message.ts'

/** A coding that some platform decodes, by the name that `DecompressionStream` has for it. */
export type Coding = 'gzip' | 'deflate' | 'deflate-raw' | 'brotli' | 'zstd'

/** The bytes that tell a coding, or a text, from anything else. */
export const TELLING_BYTES = 32

/** More codings on one body than anyone applies: decoding each costs a decoder. */
const MOST = 4

/** What the `content-encoding` header names, in the order in which it was applied: `['gzip', 'br']`. */
export function codingsOf(headers: Headers): string[] {
  const named = headers.get('content-encoding')?.toLowerCase().split(',') ?? []
  return named.map((coding) => coding.trim()).filter((coding) => coding !== '' && coding !== 'identity')
}

/**
 * The coding to take off a body; `null` when its bytes are plain, are not what was named, or nothing decodes it.
 *
 * @param head its first `TELLING_BYTES`, or all there are
 * @param named what was applied to it, the last one outermost
 */
export function codingOf(head: Uint8Array, named: readonly string[]): Coding | null {
  if (named.length > MOST) return null
  switch (named.at(-1)) {
    case 'gzip':
    case 'x-gzip':
      return startsWith(head, GZIP) ? 'gzip' : null
    case 'zstd':
      return startsWith(head, ZSTD) ? 'zstd' : null
    case 'deflate':
      return isPlain(head) ? null : isZlib(head) ? 'deflate' : 'deflate-raw'
    case 'br':
      return isPlain(head) ? null : 'brotli'
    default:
      return null
  }
}

const GZIP = [0x1f, 0x8b, 0x08]
const ZSTD = [0x28, 0xb5, 0x2f, 0xfd]

function startsWith(bytes: Uint8Array, prefix: readonly number[]): boolean {
  return prefix.every((byte, at) => bytes[at] === byte)
}

/** The header of zlib is divisible by 31. Some servers send raw deflate under the same name. */
function isZlib([first = 0, second = 0]: Uint8Array): boolean {
  return (first & 0x0f) === 8 && first >> 4 <= 7 && ((first << 8) | second) % 31 === 0
}

/**
 * Brotli and raw deflate have no mark of their own, and may begin like JSON (`[`); but they do not go on as text, nor as
 * a message of AWS.
 */
function isPlain(head: Uint8Array): boolean {
  return isText(head) || readPrelude(head) !== null
}

/** UTF-8 without control characters, the last character perhaps cut. */
function isText(head: Uint8Array): boolean {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(head, { stream: true })
    return !/[^\P{Cc}\t\n\r]/u.test(text)
  } catch {
    return false
  }
}
