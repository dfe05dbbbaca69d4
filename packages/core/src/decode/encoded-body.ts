import type { Meter, Reading } from '../types.ts'
import { codingOf, TELLING_BYTES } from './codings.ts'
import { Decoding, type LateMeter } from './decoding.ts'

/** A meter for a response with these headers. */
type OpenMeter = (headers: Headers) => Meter

/**
 * The meter of a body whose header names codings. Its first bytes tell whether they were applied: behind `fetch` they are
 * decoded, and the header stays. Plain bytes are read as they come; what nothing decodes is `encoded_body`.
 */
export class EncodedBody implements LateMeter {
  readonly #codings: readonly string[]
  readonly #headers: Headers
  readonly #openMeter: OpenMeter
  #head = new Uint8Array(0)
  /** What reads the bytes on; `undefined` while they do not tell yet. */
  #meter: Meter | undefined

  /** @param codings those that may still be on the body, the last one outermost */
  constructor(codings: readonly string[], headers: Headers, openMeter: OpenMeter) {
    this.#codings = codings
    this.#headers = headers
    this.#openMeter = openMeter
  }

  write(bytes: Uint8Array): void {
    if (this.#meter) this.#meter.write(bytes)
    else this.#look(bytes)
  }

  idle(): Promise<void> | null {
    return this.#meter instanceof Decoding ? this.#meter.idle() : null
  }

  finish(): Promise<void> | null {
    const meter = this.#meter ?? this.#begin()
    return meter instanceof Decoding ? meter.finish() : null
  }

  end(): Reading {
    const meter = this.#meter ?? this.#begin()
    return meter.end()
  }

  #look(bytes: Uint8Array): void {
    const head = new Uint8Array(this.#head.length + bytes.length)
    head.set(this.#head)
    head.set(bytes, this.#head.length)
    this.#head = head
    if (head.length >= TELLING_BYTES) this.#begin()
  }

  /** What there is by now tells what the body is. */
  #begin(): Meter {
    const coding = codingOf(this.#head, this.#codings)
    const decoding = coding && Decoding.open(coding, this.#inner())
    const meter = decoding ?? this.#openMeter(this.#headersLeft())
    meter.write(this.#head)
    this.#meter = meter
    this.#head = new Uint8Array(0)
    return meter
  }

  #inner(): EncodedBody {
    return new EncodedBody(this.#codings.slice(0, -1), this.#headers, this.#openMeter)
  }

  /** They name what is still on the bytes that the meter is shown. */
  #headersLeft(): Headers {
    const headers = new Headers(this.#headers)
    if (this.#codings.length > 0) headers.set('content-encoding', this.#codings.join(', '))
    else headers.delete('content-encoding')
    return headers
  }
}
