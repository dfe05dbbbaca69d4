import { byteBuffer } from './byte-buffer.ts'

const LF = 0x0a
const CR = 0x0d
/** Whole frames are delivered together up to about this size, whatever the size of the chunk they came in. */
const RUN_BYTES = 256 * 1024

export interface FrameOptions {
  /** A frame larger than this is skipped. Leading line breaks do not count. */
  maxBytes: number
  /** True when the bytes end with a frame: to know it costs less than to find each frame. */
  endsWhole(bytes: Uint8Array): boolean
  /** Index after the next frame's last byte, from `from` on; -1 when it is not there yet. `previous` is the byte before. */
  findEnd(bytes: Uint8Array, from: number, previous: number): number
  /** Given one or more whole frames, in order. The bytes are valid during the call only. */
  deliver(bytes: Uint8Array): void
  skipped(): void
}

export interface Frames {
  write(bytes: Uint8Array): void
  end(): void
}

/**
 * Cuts bytes into whole frames, however they arrive, and holds at most one of them. A frame past its bound is dropped
 * up to its end, so that what follows is still read.
 */
export function splitFrames({ maxBytes, endsWhole, findEnd, deliver, skipped }: FrameOptions): Frames {
  const mostAtOnce = Math.min(maxBytes, RUN_BYTES)
  const held = byteBuffer()
  let skipping = false
  let previous = 0

  function skip(): void {
    held.clear()
    skipping = true
    skipped()
  }

  function keep(rest: Uint8Array): void {
    if (skipping || rest.length === 0) return
    if (held.size + rest.length > maxBytes) skip()
    else held.append(rest)
  }

  function deliverRun(frames: Uint8Array): void {
    if (frames.length > 0) deliver(frames)
  }

  function deliverHeld(rest: Uint8Array): void {
    held.append(rest)
    deliver(held.view())
    held.clear()
  }

  /** Reads the frames that end in this chunk and returns where the unfinished one begins. */
  function readWhole(chunk: Uint8Array): number {
    let whole = 0
    let from = 0
    for (;;) {
      if (!skipping && held.size === 0) from = afterLineBreaks(chunk, from)
      const end = findEnd(chunk, from, previous)
      if (end === -1) break
      const tooLarge = !skipping && held.size + (end - from) > maxBytes
      if (skipping || tooLarge || held.size > 0 || end - whole > RUN_BYTES) {
        deliverRun(chunk.subarray(whole, from))
        if (tooLarge) skip()
        if (!skipping) deliverHeld(chunk.subarray(from, end))
        skipping = false
        whole = end
      }
      from = end
      previous = 0
    }
    deliverRun(chunk.subarray(whole, from))
    return from
  }

  return {
    write(chunk) {
      if (held.size === 0 && !skipping && chunk.length <= mostAtOnce && endsWhole(chunk)) return deliver(chunk)
      const rest = chunk.subarray(readWhole(chunk))
      keep(rest)
      previous = rest.at(-1) ?? previous
    },
    end() {
      deliverRun(held.view())
      held.clear()
    },
  }
}

function afterLineBreaks(bytes: Uint8Array, from: number): number {
  let at = from
  while (bytes[at] === LF || bytes[at] === CR) at++
  return at
}

export function endsWithLine(bytes: Uint8Array): boolean {
  return bytes[bytes.length - 1] === LF
}

/** The end of a line. */
export function lineEnd(bytes: Uint8Array, from: number): number {
  const at = bytes.indexOf(LF, from)
  return at === -1 ? -1 : at + 1
}

/** Lines that end with LF, or all with CRLF. */
export function endsWithBlankLine(bytes: Uint8Array): boolean {
  const { length } = bytes
  if (bytes[length - 1] !== LF) return false
  return bytes[length - 2] === LF || (bytes[length - 2] === CR && bytes[length - 3] === LF)
}

/** The end of an SSE message: a blank line, where a line ends with LF, CRLF or a lone CR. */
export function blankLineEnd(bytes: Uint8Array, from: number, previous: number): number {
  let before = previous
  for (let at = from; at < bytes.length; at++) {
    const byte = bytes[at] as number
    if (byte === LF ? before === LF : byte === CR && (before === LF || before === CR)) return at + 1
    before = byte
  }
  return -1
}
