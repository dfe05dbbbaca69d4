import type { Socket } from 'node:net'

/** The bytes that come over a socket, taken only when asked for: a client that does not ask is a slow reader. */
export class Incoming {
  readonly #chunks: AsyncIterator<Buffer>
  #held: Buffer = Buffer.alloc(0)

  constructor(socket: Socket) {
    this.#chunks = socket.iterator({ destroyOnReturn: false })
  }

  /** Up to `max` bytes, as soon as there are any; `null` when the connection has ended or is broken. */
  async some(max = Number.POSITIVE_INFINITY): Promise<Buffer | null> {
    if (this.#held.length === 0 && !(await this.#more())) return null
    return this.#take(Math.min(max, this.#held.length))
  }

  /** A line without its CRLF, as latin-1; `null` when the connection ends before it does. */
  async line(): Promise<string | null> {
    for (;;) {
      const end = this.#held.indexOf('\r\n')
      if (end >= 0) return this.#take(end + 2).toString('latin1', 0, end)
      if (!(await this.#more())) return null
    }
  }

  #take(bytes: number): Buffer {
    const taken = this.#held.subarray(0, bytes)
    this.#held = this.#held.subarray(bytes)
    return taken
  }

  async #more(): Promise<boolean> {
    try {
      const { done, value } = await this.#chunks.next()
      if (done) return false
      this.#held = this.#held.length === 0 ? value : Buffer.concat([this.#held, value])
      return true
    } catch {
      return false
    }
  }
}
