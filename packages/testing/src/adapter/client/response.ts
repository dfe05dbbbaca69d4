import { createHash } from 'node:crypto'
import { type Body, bodyAfter, type Header } from './body.ts'
import type { Incoming } from './incoming.ts'

/** What a client saw of a response, for comparison. */
export interface Answer {
  statusLine: string
  /** Each that came, with its name in lower case, by name; those of one name in their order. */
  headers: readonly Header[]
  bytes: number
  sha256: string
  /** The beginning of the body, to read in a failure. */
  start: string
  ending: 'whole' | 'cut'
}

/** Headers that say something of one moment. */
const PER_REQUEST = ['date']

/** Headers that say how the body is cut on its way. */
export const FRAMING = ['content-length', 'transfer-encoding']

const START_BYTES = 2_048

/** A response whose head has come; its body is read as asked. */
export class IncomingResponse {
  readonly statusLine: string
  readonly headers: readonly Header[]
  readonly #body: Body
  readonly #hidden: readonly string[]
  readonly #hash = createHash('sha256')
  #start: Buffer = Buffer.alloc(0)
  #ending: Answer['ending'] | undefined
  #bytes = 0

  private constructor(statusLine: string, headers: readonly Header[], body: Body, hidden: readonly string[]) {
    this.statusLine = statusLine
    this.headers = headers
    this.#body = body
    this.#hidden = [...PER_REQUEST, ...hidden]
  }

  /**
   * @param hidden names of headers that are not compared
   * @throws when the connection ends before the head does
   */
  static async read(from: Incoming, method: string, hidden: readonly string[]): Promise<IncomingResponse> {
    const statusLine = await from.line()
    const headers: Header[] = []
    for (;;) {
      const line = await from.line()
      if (statusLine === null || line === null) throw new Error('the connection ended before the head of a response')
      if (line === '') break
      const colon = line.indexOf(':')
      headers.push([line.slice(0, colon), line.slice(colon + 1).trim()])
    }
    const status = Number(statusLine.split(' ')[1])
    return new IncomingResponse(statusLine, headers, bodyAfter({ method, status, headers }, from), hidden)
  }

  /** Reads until so many bytes of the body are there. */
  async atLeast(bytes: number): Promise<void> {
    while (this.#bytes < bytes && this.#ending === undefined) await this.#next()
  }

  /** Reads to the end. */
  async rest(): Promise<Answer> {
    while (this.#ending === undefined) await this.#next()
    return {
      statusLine: this.statusLine,
      headers: comparable(this.headers, this.#hidden),
      bytes: this.#bytes,
      sha256: this.#hash.copy().digest('hex'),
      start: this.#start.toString(),
      ending: this.#ending,
    }
  }

  async #next(): Promise<void> {
    const { done, value } = await this.#body.next()
    if (done) {
      this.#ending = value
      return
    }
    this.#bytes += value.length
    this.#hash.update(value)
    if (this.#start.length < START_BYTES)
      this.#start = Buffer.concat([this.#start, value.subarray(0, START_BYTES - this.#start.length)])
  }
}

/** Neither case nor order of names means anything; order within a name does. */
function comparable(headers: readonly Header[], hidden: readonly string[]): Header[] {
  return headers
    .map(([name, value]): Header => [name.toLowerCase(), value])
    .filter(([name]) => !hidden.includes(name))
    .toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
}
