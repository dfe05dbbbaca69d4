import { DocumentBuffer } from './document-buffer.ts'
import { lineEnd } from './frames.ts'
import { ndjsonTransport } from './ndjson.ts'
import { type EventSink, parseJson, type Transport } from './transport.ts'

/**
 * One JSON document, the white space after which may go on for ever; or JSON lines sent as if they were one, which the
 * first line gives away by being whole.
 */
export class JsonTransport implements Transport {
  readonly #sink: EventSink
  readonly #maxEventBytes: number
  readonly #held: DocumentBuffer
  #firstLineEnded = false
  #first: { value: unknown } | null = null
  #lines: Transport | null = null
  #closed = false

  constructor(sink: EventSink, maxBodyBytes: number, maxEventBytes: number) {
    this.#sink = sink
    this.#maxEventBytes = maxEventBytes
    this.#held = new DocumentBuffer(maxBodyBytes)
  }

  get streamed(): boolean {
    return this.#lines !== null
  }

  write(bytes: Uint8Array): void {
    if (this.#closed) return
    if (this.#lines) this.#lines.write(bytes)
    else if (this.#first) this.#readSecondLine(bytes, this.#first.value)
    else if (this.#firstLineEnded) this.#hold(bytes)
    else this.#readFirstLine(bytes)
  }

  end(): void {
    if (this.#closed) return
    if (this.#lines) {
      this.#lines.end()
      return
    }
    const value = this.#first ? this.#first.value : this.#takeHeld()
    this.#held.clear()
    if (value === undefined) this.#sink.unreadable('')
    else this.#sink.event({ name: null, data: value, document: true })
  }

  #hold(bytes: Uint8Array): void {
    if (this.#held.append(bytes)) return
    this.#closed = true
    this.#held.clear()
    this.#sink.skipped()
  }

  #takeHeld(): unknown {
    const value = parseJson(this.#held.text())
    if (value !== undefined) this.#held.clear()
    return value
  }

  #readFirstLine(bytes: Uint8Array): void {
    const end = lineEnd(bytes, 0)
    this.#hold(end === -1 ? bytes : bytes.subarray(0, end))
    if (this.#closed || end === -1) return
    this.#firstLineEnded = true
    const value = this.#takeHeld()
    if (value !== undefined) this.#first = { value }
    this.write(bytes.subarray(end))
  }

  #readSecondLine(bytes: Uint8Array, value: unknown): void {
    if (isBlank(bytes)) return
    this.#sink.event({ name: null, data: value, document: false })
    this.#first = null
    this.#lines = ndjsonTransport(this.#sink, this.#maxEventBytes)
    this.#lines.write(bytes)
  }
}

/** Only the white space that JSON allows between values. */
function isBlank(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09)
}
