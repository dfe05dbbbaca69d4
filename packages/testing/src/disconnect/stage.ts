import type { Connection } from '../adapter/client/connection.ts'
import type { Sent, Side } from '../adapter/client/side.ts'
import type { Upstream, UpstreamCall } from './upstream.ts'

/** A request whose client, server and upstream a scenario has in its hands. */
export interface Exchange extends Sent {
  upstream: UpstreamCall
}

/** A request whose response has not begun. */
export interface Waiting {
  run: string
  connection: Connection
  upstream: UpstreamCall
}

/** Where one ending is played: a client, the server under test, and the upstream that its handler calls. */
export class Stage {
  readonly #side: Side
  readonly #upstream: Upstream
  /** Resolves when the books say what became of the request, or should: what they say later is `late`. */
  readonly settled: () => Promise<unknown>
  #calls = 0

  constructor(side: Side, upstream: Upstream, settled: () => Promise<unknown>) {
    this.#side = side
    this.#upstream = upstream
    this.settled = settled
  }

  /** Asks, and returns when the handler has called its upstream. */
  async ask(handler: 'relay' | 'relay-aborting' = 'relay'): Promise<Waiting> {
    const upstream = this.#upstream.expect(`${this.#side.stem}.${++this.#calls}`)
    const connection = await this.#side.connect()
    const { run, bytes } = this.#side.word({ handler, headers: { 'x-upstream': upstream.url } })
    connection.send(bytes)
    await upstream.arrived()
    return { run, connection, upstream }
  }

  /** Asks, and returns when the client has read the upstream's first event. */
  async begin(event: string): Promise<Exchange> {
    const { run, connection, upstream } = await this.ask()
    await upstream.send(event)
    const response = await connection.response()
    await response.atLeast(Buffer.byteLength(event))
    return { run, connection, upstream, response }
  }
}
