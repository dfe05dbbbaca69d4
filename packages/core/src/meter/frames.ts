import { ByteBuffer } from './byte-buffer.ts'

const LF = 0x0a
const CR = 0x0d
/** Whole frames are delivered together up to about this size, whatever the size of the chunk they came in. */
const RUN_BYTES = 256 * 1024

export interface FrameOptions {
  /** A frame larger than this is skipped. Leading line breaks do not count. */
  maxBytes: number
  /** Index after the last whole frame; 0 when there is none. To know it costs less than to find each frame. */
  lastEnd(bytes: Uint8Array): number
  /** Index after the next frame's last byte, from `from` on; -1 when it is not there yet. `previous` is the byte before. */
  findEnd(bytes: Uint8Array, from: number, previous: number): number
  /** Given one or more whole frames, in order. The bytes are valid during the call only. */
  deliver(bytes: Uint8Array): void
  skipped(): void
}

/**
 * Cuts bytes into whole frames, however they arrive, and holds at most one of them. A frame past its bound is dropped
 * up to its end, so that what follows is still read.
 */
export class Frames {
  readonly #options: FrameOptions
  readonly #mostAtOnce: number
  readonly #held = new ByteBuffer()
  #skipping = false
  #previous = 0

  constructor(options: FrameOptions) {
    this.#options = options
    this.#mostAtOnce = Math.min(options.maxBytes, RUN_BYTES)
  }

  write(chunk: Uint8Array): void {
    const isNew = this.#held.size === 0 && !this.#skipping && chunk.length <= this.#mostAtOnce
    const end = isNew ? this.#readRun(chunk) : this.#readWhole(chunk)
    if (end === chunk.length) return
    const rest = chunk.subarray(end)
    this.#keep(rest)
    this.#previous = rest.at(-1) ?? this.#previous
  }

  end(): void {
    this.#deliverRun(this.#held.view())
    this.#held.clear()
  }

  /** As `#readWhole`, where no frame can be too large. */
  #readRun(chunk: Uint8Array): number {
    const end = this.#options.lastEnd(chunk)
    if (end > 0) this.#options.deliver(end === chunk.length ? chunk : chunk.subarray(0, end))
    return end
  }

  /** Reads the frames that end in this chunk and returns where the unfinished one begins. */
  #readWhole(chunk: Uint8Array): number {
    const { findEnd, maxBytes } = this.#options
    const held = this.#held
    let whole = 0
    let from = 0
    for (;;) {
      if (!this.#skipping && held.size === 0) from = afterLineBreaks(chunk, from)
      const end = findEnd(chunk, from, this.#previous)
      if (end === -1) break
      const tooLarge = !this.#skipping && held.size + (end - from) > maxBytes
      if (this.#skipping || tooLarge || held.size > 0 || end - whole > RUN_BYTES) {
        this.#deliverRun(chunk.subarray(whole, from))
        if (tooLarge) this.#skip()
        if (!this.#skipping) this.#deliverHeld(chunk.subarray(from, end))
        this.#skipping = false
        whole = end
      }
      from = end
      this.#previous = 0
    }
    this.#deliverRun(chunk.subarray(whole, from))
    return from
  }

  #skip(): void {
    this.#held.clear()
    this.#skipping = true
    this.#options.skipped()
  }

  #keep(rest: Uint8Array): void {
    if (this.#skipping || rest.length === 0) return
    if (this.#held.size + rest.length > this.#options.maxBytes) this.#skip()
    else this.#held.append(rest)
  }

  #deliverRun(frames: Uint8Array): void {
    if (frames.length > 0) this.#options.deliver(frames)
  }

  #deliverHeld(rest: Uint8Array): void {
    this.#held.append(rest)
    this.#options.deliver(this.#held.view())
    this.#held.clear()
  }
}

function afterLineBreaks(bytes: Uint8Array, from: number): number {
  let at = from
  while (bytes[at] === LF || bytes[at] === CR) at++
  return at
}

/** The end of the last line. */
export function lastLineEnd(bytes: Uint8Array): number {
  return bytes.lastIndexOf(LF) + 1
}

/** The end of a line. */
export function lineEnd(bytes: Uint8Array, from: number): number {
  const at = bytes.indexOf(LF, from)
  return at === -1 ? -1 : at + 1
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

/** The end of the last SSE message, and of the line breaks after it. */
export function lastBlankLineEnd(bytes: Uint8Array): number {
  for (let at = bytes.length - 1; at > 0; at--) {
    const byte = bytes[at] as number
    if (byte !== LF && byte !== CR) continue
    const before = bytes[at - 1] as number
    if (before === LF || (byte === CR && before === CR)) return afterLineBreaks(bytes, at + 1)
  }
  return 0
}
