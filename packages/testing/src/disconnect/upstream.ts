import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { EVENT_STREAM, word } from '../adapter/server/bodies.ts'

/** How long a call is left alone for its end to be seen, before it is sent more. */
const QUIET_MS = 500

/** Between two chunks of a call that flows. */
const FLOW_MS = 4

/** A chunk larger than what HTTP's own buffers hold back. */
const HEAVY = word('on and on '.repeat(6_400))

/** A flooded call that may not send for so long is held back. */
const HELD_MS = 800

/** A provider on this machine that sends what it is told to, counts it, and sees when a call is cut off. */
export class Upstream {
  readonly #server: Server
  readonly #calls = new Map<string, UpstreamCall>()

  private constructor(server: Server) {
    this.#server = server
  }

  static async listen(): Promise<Upstream> {
    const server = createServer()
    const upstream = new Upstream(server)
    server.on('request', (request, response) => upstream.#answer(request, response))
    await once(server.listen(0, '127.0.0.1'), 'listening')
    return upstream
  }

  /** The call that a handler will make to the call's `url`. */
  expect(name: string): UpstreamCall {
    const { port } = this.#server.address() as AddressInfo
    const call = new UpstreamCall(`http://127.0.0.1:${port}/${name}`)
    this.#calls.set(`/${name}`, call)
    return call
  }

  close(): void {
    this.#server.closeAllConnections()
    this.#server.close()
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const call = this.#calls.get(request.url ?? '')
    if (call) call.begin(response)
    else response.writeHead(404).end()
  }
}

/** What has become of a call: `cut off` by its caller while it was not at its end. */
export type UpstreamEnd = 'open' | 'ended' | 'cut off'

/** One call to the upstream. */
export class UpstreamCall {
  readonly url: string
  readonly #begun = Promise.withResolvers<ServerResponse>()
  readonly #closed = Promise.withResolvers<void>()
  #end: UpstreamEnd = 'open'
  #chunks = 0

  constructor(url: string) {
    this.url = url
  }

  /** Chunks sent so far. */
  get chunks(): number {
    return this.#chunks
  }

  get end(): UpstreamEnd {
    return this.#end
  }

  begin(response: ServerResponse): void {
    response.on('error', () => {})
    response.once('close', () => {
      this.#end = response.writableFinished ? 'ended' : 'cut off'
      this.#closed.resolve()
    })
    this.#begun.resolve(response)
  }

  /** Resolves when the handler has called. */
  async arrived(): Promise<void> {
    await this.#begun.promise
  }

  /** Sends one chunk, after the head if it is the first. Returns whether more may follow at once. */
  async send(chunk: string): Promise<boolean> {
    const response = await this.#begun.promise
    if (!response.headersSent) response.writeHead(200, EVENT_STREAM)
    this.#chunks++
    return response.write(chunk)
  }

  async finish(): Promise<void> {
    const response = await this.#begun.promise
    response.end()
    await this.#closed.promise
  }

  /** Breaks the connection once what was sent has left. */
  async break(): Promise<void> {
    const response = await this.#begun.promise
    await new Promise((resolve) => response.write(' ', resolve))
    response.destroy()
  }

  /**
   * How many more chunks it could send until it was cut off: one whenever nothing has happened for a while. `null` when
   * it could go on after so many.
   */
  async untilCutOff(most = 6): Promise<number | null> {
    for (let more = 0; more <= most; more++) {
      if (await this.#closedWithin(QUIET_MS)) return more
      await this.send(word('more'))
    }
    return null
  }

  /** Sends chunk after chunk until it is cut off. Returns whether it was, within so many. */
  async flowUntilCutOff(within: number): Promise<boolean> {
    for (let more = 0; more < within && this.#end === 'open'; more++) {
      await this.send(word('on'))
      await sleep(FLOW_MS)
    }
    return await this.#closedWithin(0)
  }

  /** Sends as much as it is let, up to so many chunks. Returns how many it had sent when it was held back. */
  async flood(most: number): Promise<number> {
    const response = await this.#begun.promise
    while (this.#chunks < most && this.#end === 'open') {
      if (await this.send(HEAVY)) continue
      const goesOn = await Promise.race([once(response, 'drain').then(() => true), sleep(HELD_MS, false)])
      if (!goesOn) break
    }
    return this.#chunks
  }

  async #closedWithin(ms: number): Promise<boolean> {
    await Promise.race([this.#closed.promise, sleep(ms)])
    return this.#end !== 'open'
  }
}
