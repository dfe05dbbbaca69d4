import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'
import { answerTo } from './wire.ts'

/** How a provider treats its clients. */
export interface Manners {
  /** The first calls get these, one each. */
  failures?: readonly number[]
  /** What becomes of a stream after its first chunk. Default: it goes on. */
  afterFirstChunk?: 'goes on' | 'waits' | 'breaks'
}

export interface Provider {
  url: string
  /** Method and path of each call, in order. */
  calls: string[]
  /** A client has left an answer that was not whole. */
  left: Promise<void>
}

/** A provider on loopback that speaks every wire format of `wire.ts`, until the test is over. */
export async function provider({ failures = [], afterFirstChunk = 'goes on' }: Manners = {}): Promise<Provider> {
  const left = Promise.withResolvers<void>()
  const failing = [...failures]
  const calls: string[] = []

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.sendDate = false
    const path = (request.url ?? '').split('?')[0] as string
    calls.push(`${request.method} ${path}`)
    const body = await bodyOf(request)
    const status = failing.shift()
    if (status !== undefined) return void fail(response, status)
    response.on('close', () => {
      if (!response.writableFinished) left.resolve()
    })
    const { type, chunks } = answerTo(path, body)
    response.writeHead(200, { 'content-type': type, 'request-id': 'req_1', 'x-request-id': 'req_1' })
    for (const chunk of chunks) {
      await new Promise((resolve) => response.write(chunk, resolve))
      if (chunks.length === 1 || afterFirstChunk === 'goes on') continue
      return void (afterFirstChunk === 'breaks' && response.destroy())
    }
    response.end()
  }

  const server = createServer((request, response) => void serve(request, response))
  await once(server.listen(0, '127.0.0.1'), 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, calls, left: left.promise }
}

/** Asks for a retry at once, in the words of whoever has some. */
function fail(response: ServerResponse, status: number): void {
  response.writeHead(status, {
    'content-type': 'application/json',
    'retry-after-ms': '1',
    'x-ratelimit-reset': String(Math.ceil((Date.now() + 1) / 1000)),
  })
  response.end(JSON.stringify({ error: { type: 'error', message: 'not now', code: status } }))
}

async function bodyOf(request: IncomingMessage): Promise<{ stream?: boolean }> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  return JSON.parse(Buffer.concat(chunks).toString() || '{}')
}
