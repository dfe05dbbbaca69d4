import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { onTestFinished } from 'vitest'

/** A handler behind a port, for one test. */
export interface Served {
  /** Sends a POST, or what `init` says, and resolves when the head of the response is there. Follows no redirect. */
  send(path: string, init?: RequestInit): Promise<Response>
  /** Sends, and reads the whole body. */
  read(path: string, init?: RequestInit): Promise<string>
}

/** Serves a handler over real HTTP until the test is over: the head goes out at once, and a disconnect is forwarded. */
export async function serve(handler: (request: Request) => Promise<Response>): Promise<Served> {
  const server = createServer(async (incoming, outgoing) => {
    const response = await handler(requestOf(incoming))
    outgoing.writeHead(response.status, response.statusText, [...response.headers].flat())
    outgoing.flushHeaders()
    if (response.body === null) return void outgoing.end()
    const body = Readable.fromWeb(response.body as Parameters<typeof Readable.fromWeb>[0])
    await pipeline(body, outgoing).catch(() => {})
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    return new Promise<void>((resolve) => server.close(() => resolve()))
  })
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const send: Served['send'] = (path, init) =>
    fetch(`${origin}${path}`, { method: 'POST', redirect: 'manual', ...init })
  return { send, read: async (path, init) => (await send(path, init)).text() }
}

function requestOf({ url, method = 'GET', headers }: IncomingMessage): Request {
  const given = Object.entries(headers).flatMap(([name, value]) => [value ?? []].flat().map((one) => [name, one]))
  return new Request(`http://localhost${url}`, { method, headers: given as [string, string][] })
}
