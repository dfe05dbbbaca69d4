const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))
const POOL_BYTES = 1_600

const pool = new Uint8Array(POOL_BYTES)
let poolAt = POOL_BYTES

/** 16 random bytes. They are drawn for many ids at once: a call of `getRandomValues` costs more than the bytes. */
function randomBytes(): Uint8Array {
  if (poolAt === POOL_BYTES) {
    crypto.getRandomValues(pool)
    poolAt = 0
  }
  poolAt += 16
  return pool.subarray(poolAt - 16, poolAt)
}

/** A UUIDv7 of the instant. @see https://www.rfc-editor.org/rfc/rfc9562#section-5.7 */
export function uuidv7(time: number): string {
  return format(time, randomBytes())
}

/**
 * The UUIDv7 that every instance derives for one line of a result that can be fetched again: the time is the
 * provider's, the rest a hash of key and line.
 */
export function derivedId(key: string, line: number, time: number): string {
  const bytes = new Uint8Array(16)
  const view = new DataView(bytes.buffer)
  view.setBigUint64(0, hash64(`${key}#${line}`, 0xcbf29ce484222325n))
  view.setBigUint64(8, hash64(`${line}#${key}`, 0x84222325cbf29ce4n))
  return format(time, bytes)
}

function format(time: number, random: Uint8Array): string {
  const hex = (byte: number): string => HEX[byte & 0xff] as string
  const at = (index: number): number => random[index] as number
  const high = Math.floor(time / 0x1_0000_0000)
  const low = time >>> 0
  return (
    `${hex(high >>> 8)}${hex(high)}${hex(low >>> 24)}${hex(low >>> 16)}-${hex(low >>> 8)}${hex(low)}` +
    `-${hex((at(6) & 0x0f) | 0x70)}${hex(at(7))}-${hex((at(8) & 0x3f) | 0x80)}${hex(at(9))}` +
    `-${hex(at(10))}${hex(at(11))}${hex(at(12))}${hex(at(13))}${hex(at(14))}${hex(at(15))}`
  )
}

/** FNV-1a over UTF-16 units, 64 bits, with a final mix so that every bit depends on every unit. */
function hash64(text: string, seed: bigint): bigint {
  let hash = seed
  for (let at = 0; at < text.length; at++)
    hash = BigInt.asUintN(64, (hash ^ BigInt(text.charCodeAt(at))) * 0x100000001b3n)
  hash ^= hash >> 33n
  hash = BigInt.asUintN(64, hash * 0xff51afd7ed558ccdn)
  hash ^= hash >> 33n
  hash = BigInt.asUintN(64, hash * 0xc4ceb9fe1a85ec53n)
  return hash ^ (hash >> 33n)
}
