import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'
import type { Answer } from './wire.ts'

/** What becomes of one call: an answer, a status that is none, or an answer of which only the first chunks come. */
export type Reply =
  | Answer
  | { status: number }
  | { answer: Answer; chunks: number; afterwards: 'waits' | 'breaks' | 'ends' }

export interface Provider {
  url: string
  /** How many calls came. */
  calls: number
  /** A client has left an answer that was not whole. */
  left: Promise<void>
}

/** A provider on loopback that gives these replies, one a call, until the test is over. */
export async function provider(...replies: readonly Reply[]): Promise<Provider> {
  const left = Promise.withResolvers<void>()
  const waiting = [...replies]
  const seen: Provider = { url: '', calls: 0, left: left.promise }

  const server = createServer(async (request, response) => {
    seen.calls += 1
    for await (const _ of request);
    const reply = waiting.shift() ?? { status: 404 }
    if ('status' in reply) return fail(response, reply.status)
    response.on('close', () => {
      if (!response.writableFinished) left.resolve()
    })
    const { answer, chunks, afterwards } =
      'answer' in reply ? reply : { answer: reply, chunks: Infinity, afterwards: 'ends' }
    response.writeHead(200, { 'content-type': answer.type })
    for (const chunk of answer.chunks.slice(0, chunks)) await new Promise((done) => response.write(chunk, done))
    if (afterwards === 'ends') response.end()
    if (afterwards === 'breaks') response.destroy()
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  seen.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return seen
}

/** Asks for a retry at once. */
function fail(response: ServerResponse, status: number): void {
  response.writeHead(status, { 'content-type': 'application/json', 'retry-after-ms': '1' })
  response.end(JSON.stringify({ error: { type: 'error', message: 'not now', code: null, param: null } }))
}
