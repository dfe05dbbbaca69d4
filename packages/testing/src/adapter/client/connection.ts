import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { Incoming } from './incoming.ts'
import { IncomingResponse } from './response.ts'

/** A silence after which a connection ends by itself, so that a scenario that waits in vain fails soon. */
const SILENCE_MS = 10_000

/** A connection of a client that hides nothing: what is sent are these bytes, what is read are those that came. */
export class Connection {
  readonly #socket: Socket
  readonly #incoming: Incoming
  readonly #hidden: readonly string[]

  private constructor(socket: Socket, hidden: readonly string[]) {
    this.#socket = socket
    this.#incoming = new Incoming(socket)
    this.#hidden = hidden
  }

  /** @param hidden names of headers that are not compared */
  static async open({ hostname, port }: URL, hidden: readonly string[]): Promise<Connection> {
    const socket = connect({ host: hostname, port: Number(port), noDelay: true })
    // A broken connection is seen by who reads from it.
    socket.on('error', () => {})
    socket.setTimeout(SILENCE_MS, () => socket.destroy())
    await once(socket, 'connect')
    return new Connection(socket, hidden)
  }

  send(bytes: Uint8Array): void {
    this.#socket.write(bytes)
  }

  /** The next response, when its head has come. */
  response(method = 'POST'): Promise<IncomingResponse> {
    return IncomingResponse.read(this.#incoming, method, this.#hidden)
  }

  /** Closes, as a browser's tab does: FIN, when all that came was read. */
  leave(): void {
    this.#socket.destroy()
  }

  /** Sends no more, and reads on: FIN, as of `shutdown(SHUT_WR)`. */
  halfClose(): void {
    this.#socket.end()
  }

  /** Breaks off, as a client that crashes: RST. */
  reset(): void {
    this.#socket.resetAndDestroy()
  }
}
