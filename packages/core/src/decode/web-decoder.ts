import { nextTurn } from '../timers.ts'
import type { Coding } from './codings.ts'
import type { Decoder, Give } from './decoder.ts'

/** The platform's `DecompressionStream`; `null` where it does not know the coding, or there is none. */
export function webDecoder(coding: Coding, give: Give): Decoder | null {
  try {
    // The DOM's types do not know all names yet.
    return new WebDecoder(new globalThis.DecompressionStream(coding as CompressionFormat), give)
  } catch {
    return null
  }
}

/** By the standard a write is done when its output is queued; what is queued is read within the turn. */
class WebDecoder implements Decoder {
  readonly #writer: WritableStreamDefaultWriter<BufferSource>
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>
  readonly #read: Promise<void>
  #closed = (): void => {}
  readonly #closing = new Promise<void>((resolve) => {
    this.#closed = resolve
  })

  constructor({ readable, writable }: DecompressionStream, give: Give) {
    this.#writer = writable.getWriter()
    this.#reader = readable.getReader()
    this.#read = this.#giveAll(give)
    for (const promise of [this.#writer.closed, this.#reader.closed, this.#read]) promise.catch(() => {})
  }

  async decode(bytes: Uint8Array): Promise<void> {
    await Promise.race([this.#writer.write(bytes as Uint8Array<ArrayBuffer>), this.#closing])
    await nextTurn()
  }

  /** What it throws at its end it throws because there should be more: what is wrong it has found before. */
  async finish(): Promise<boolean> {
    const ended = this.#writer.close().then(() => this.#read)
    return Promise.race([ended, this.#closing]).then(
      () => true,
      () => false,
    )
  }

  close(): void {
    this.#closed()
    this.#writer.abort().catch(() => {})
    this.#reader.cancel().catch(() => {})
  }

  async #giveAll(give: Give): Promise<void> {
    for (let { done, value } = await this.#reader.read(); !done; { done, value } = await this.#reader.read())
      if (value) give(value)
  }
}
