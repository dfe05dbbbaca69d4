import { documentBuffer } from './document-buffer.ts'
import { lineEnd } from './frames.ts'
import { ndjsonTransport } from './ndjson.ts'
import { type EventSink, parseJson, type Transport } from './transport.ts'

/**
 * One JSON document, the white space after which may go on for ever; or JSON lines sent as if they were one, which the
 * first line gives away by being whole.
 */
export function jsonTransport(sink: EventSink, maxBodyBytes: number, maxEventBytes: number): Transport {
  const held = documentBuffer(maxBodyBytes)
  let firstLineEnded = false
  let first: { value: unknown } | null = null
  let lines: Transport | null = null
  let closed = false

  function hold(bytes: Uint8Array): void {
    if (held.append(bytes)) return
    closed = true
    held.clear()
    sink.skipped()
  }

  function takeHeld(): unknown {
    const value = parseJson(held.text())
    if (value !== undefined) held.clear()
    return value
  }

  function readFirstLine(bytes: Uint8Array): void {
    const end = lineEnd(bytes, 0)
    hold(end === -1 ? bytes : bytes.subarray(0, end))
    if (closed || end === -1) return
    firstLineEnded = true
    const value = takeHeld()
    if (value !== undefined) first = { value }
    write(bytes.subarray(end))
  }

  function readSecondLine(bytes: Uint8Array, value: unknown): void {
    if (isBlank(bytes)) return
    sink.event({ name: null, data: value, document: false })
    first = null
    lines = ndjsonTransport(sink, maxEventBytes)
    lines.write(bytes)
  }

  function write(bytes: Uint8Array): void {
    if (closed) return
    if (lines) lines.write(bytes)
    else if (first) readSecondLine(bytes, first.value)
    else if (firstLineEnded) hold(bytes)
    else readFirstLine(bytes)
  }

  function end(): void {
    if (closed) return
    lines?.end()
    if (lines) return
    const value = first ? first.value : takeHeld()
    held.clear()
    if (value === undefined) sink.unreadable('')
    else sink.event({ name: null, data: value, document: true })
  }

  return {
    get streamed() {
      return lines !== null
    },
    write,
    end,
  }
}

/** Only the white space that JSON allows between values. */
function isBlank(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09)
}
