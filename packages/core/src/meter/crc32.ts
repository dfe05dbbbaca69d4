const POLYNOMIAL = 0xedb88320

/** What one byte makes of the checksum. */
const TABLE = Int32Array.from({ length: 256 }, (_, byte) => {
  let rest = byte
  for (let bit = 0; bit < 8; bit++) rest = (rest & 1) === 1 ? (rest >>> 1) ^ POLYNOMIAL : rest >>> 1
  return rest
})

/** The CRC-32 of gzip, which no Web API computes. */
export function crc32(bytes: Uint8Array): number {
  let checksum = -1
  // An iterator takes twice as long.
  for (let at = 0; at < bytes.length; at++)
    checksum = (TABLE[(checksum ^ (bytes[at] as number)) & 0xff] as number) ^ (checksum >>> 8)
  return ~checksum >>> 0
}
