import type { HandlerName } from '../server/scenario-server.ts'
import { Connection } from './connection.ts'
import { Control } from './control.ts'
import type { Answer, IncomingResponse } from './response.ts'

/** One request, as a scenario words it. */
export interface Call {
  handler: HandlerName
  /** Default `'POST'`. */
  method?: string
  headers?: Record<string, string>
  /** Default: a small JSON document, with a method that has a body. */
  body?: Uint8Array | string
}

/** A request on its way: its run, its bytes on the wire. */
interface Worded {
  run: string
  method: string
  bytes: Uint8Array
}

/** A request that was sent on a connection of its own, and its response as far as its head. */
export interface Sent {
  run: string
  connection: Connection
  response: IncomingResponse
}

/** One base of the server, bare or metered, as the client of one scenario uses it. */
export class Side {
  /** What all runs of this scenario on this side begin with. */
  readonly stem: string
  readonly control: Control
  readonly #base: URL
  readonly #hidden: readonly string[]
  readonly #connections: Connection[] = []
  #runs = 0

  /** @param hidden names of headers that are not compared */
  constructor(base: string, stem: string, hidden: readonly string[]) {
    this.#base = new URL(base)
    this.#hidden = hidden
    this.stem = stem
    this.control = new Control(base)
  }

  get firstRun(): string {
    return `${this.stem}.1`
  }

  async connect(): Promise<Connection> {
    const connection = await Connection.open(this.#base, this.#hidden)
    this.#connections.push(connection)
    return connection
  }

  /** The bytes of a request. */
  word({ handler, method = 'POST', headers = {}, body = defaultBody(method) }: Call): Worded {
    const run = `${this.stem}.${++this.#runs}`
    const payload = Buffer.from(body)
    const lines = [
      `${method} ${this.#base.pathname.replace(/\/$/, '')}/${handler}/v1/chat/completions HTTP/1.1`,
      `host: ${this.#base.host}`,
      `x-request-id: ${run}`,
      ...(payload.length > 0 ? ['content-type: application/json', `content-length: ${payload.length}`] : []),
      ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    ]
    return { run, method, bytes: Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), payload]) }
  }

  /** Sends a request and waits for the head of the response. */
  async send(call: Call): Promise<Sent> {
    const connection = await this.connect()
    const { run, method, bytes } = this.word(call)
    connection.send(bytes)
    return { run, connection, response: await connection.response(method) }
  }

  /** A whole exchange. */
  async exchange(call: Call): Promise<Answer> {
    const { connection, response } = await this.send(call)
    const answer = await response.rest()
    connection.leave()
    return answer
  }

  /** Ends what a scenario that failed has left open. */
  close(): void {
    for (const connection of this.#connections) connection.leave()
  }
}

function defaultBody(method: string): string {
  return method === 'POST' ? '{"model":"qwen-7b"}' : ''
}
