import type { Meter, Reading } from '@withusage/core'

/** How a body is cut: the size of the chunk that comes after `offset` bytes. */
export type Cut = (offset: number) => number

/** The cuts that every body is replayed in. None may change a reading. */
export const CUTS: Readonly<Record<string, Cut>> = {
  whole: () => Number.POSITIVE_INFINITY,
  'byte by byte': () => 1,
  'in sevens': () => 7,
  'in 64s': () => 64,
  'in odd pieces': (offset) => 1 + ((offset * 7919) % 41),
}

/**
 * Writes a body into a meter, cut into chunks, and ends it. The memory of each chunk is overwritten after the write, as
 * a server that reuses its buffers does; in between comes an empty chunk.
 */
export function playBody(meter: Meter, body: Uint8Array, cut: Cut): Reading {
  for (let offset = 0; offset < body.length; ) {
    const chunk = body.slice(offset, offset + cut(offset))
    meter.write(chunk)
    offset += chunk.length
    chunk.fill(0x58)
    meter.write(new Uint8Array(0))
  }
  return meter.end()
}
