import { ByteBuffer } from './byte-buffer.ts'
import { JsonTransport } from './json.ts'
import { decodeText, type EventSink, parseEvent, type Transport } from './transport.ts'

/**
 * A document that is an array. When its first element is an event of a format that is sent in arrays, each element is
 * read as it comes, and nothing else is held; any other array is a document like every other.
 */
export function jsonArrayTransport(sink: EventSink, maxBodyBytes: number, maxEventBytes: number): Transport {
  let document: Transport | null = new JsonTransport(sink, maxBodyBytes, maxEventBytes)
  const elements = cutElements({
    maxBytes: maxEventBytes,
    deliver: readElement,
    skipped: () => sink.skipped(),
    ended() {
      if (!document) sink.done()
    },
  })

  function readElement(bytes: Uint8Array): boolean {
    const text = decodeText(bytes)
    const data = parseEvent(text)
    const event = { name: null, data, document: false }
    if (document && data !== undefined && sink.readsArraysOf(event)) document = null
    if (document) return false
    if (data === undefined) sink.unreadable(text)
    else sink.event(event)
    return true
  }

  return {
    get streamed() {
      return document === null
    },
    write(bytes) {
      elements.write(bytes)
      document?.write(bytes)
    },
    end() {
      document?.end()
    },
  }
}

interface ElementOptions {
  /** An element larger than this is skipped. */
  maxBytes: number
  /**
   * Given each array or object that lies in the array, whole. The bytes are valid during the call only. False: the rest
   * is not cut any more.
   */
  deliver(bytes: Uint8Array): boolean
  skipped(): void
  /** The array has ended. */
  ended(): void
}

const QUOTE = 0x22
const BACKSLASH = 0x5c

/**
 * Cuts an array into its elements, however its bytes arrive, and holds at most one of them. An array that begins with a
 * number, a text or a word is not cut at all.
 */
function cutElements({ maxBytes, deliver, skipped, ended }: ElementOptions): { write(bytes: Uint8Array): void } {
  const held = new ByteBuffer()
  let depth = 0
  let inString = false
  let escaped = false
  let skipping = false
  let first = true
  let stopped = false

  function keep(part: Uint8Array): void {
    if (skipping) return
    if (held.size + part.length > maxBytes) skip()
    else held.append(part)
  }

  function skip(): void {
    held.clear()
    skipping = true
    skipped()
  }

  function finish(part: Uint8Array): void {
    keep(part)
    if (!skipping) stopped = !deliver(held.view())
    held.clear()
    skipping = false
    first = false
  }

  function close(): void {
    stopped = true
    ended()
  }

  function inText(byte: number): void {
    if (escaped) escaped = false
    else if (byte === BACKSLASH) escaped = true
    else if (byte === QUOTE) inString = false
  }

  return {
    write(bytes) {
      let start = 0
      for (let at = 0; at < bytes.length && !stopped; at++) {
        const byte = bytes[at] as number
        if (inString) inText(byte)
        else if (byte === QUOTE && depth > 1) inString = true
        else if (opens(byte)) {
          if (++depth === 2) start = at
        } else if (closes(byte)) {
          depth--
          if (depth === 1) finish(bytes.subarray(start, at + 1))
          else if (depth === 0) close()
        } else if (depth === 1) {
          stopped = first && !isBlank(byte)
          inString = byte === QUOTE
        }
      }
      if (depth > 1) keep(bytes.subarray(start))
    },
  }
}

/** `[` or `{` */
function opens(byte: number): boolean {
  return byte === 0x5b || byte === 0x7b
}

/** `]` or `}` */
function closes(byte: number): boolean {
  return byte === 0x5d || byte === 0x7d
}

/** White space, which JSON allows between values. */
function isBlank(byte: number): boolean {
  return byte <= 0x20
}
