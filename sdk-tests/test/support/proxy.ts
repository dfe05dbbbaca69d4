import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type FetchHandler, toExpress } from '@withusage/express'
import express from 'express'
import { onTestFinished } from 'vitest'

/** Headers that speak of one connection, or of bytes that `fetch` has decoded since. */
const OF_A_CONNECTION = [
  'connection',
  'content-encoding',
  'content-length',
  'date',
  'expect',
  'host',
  'keep-alive',
  'transfer-encoding',
]

/** What a proxy makes of the body of an answer. */
export type ChangeBody = (body: ReadableStream<Uint8Array>) => ReadableStream<Uint8Array>

/** Passes requests on to a provider, bodies streamed both ways; one that cannot be reached is a 502. */
export function proxyOf(upstream: string, change: ChangeBody): FetchHandler {
  return async function proxy(request) {
    const { pathname, search } = new URL(request.url)
    const { method, body, signal } = request
    const headers = forwarded(request.headers)
    const init = { method, headers, body, signal, duplex: 'half' } as RequestInit
    try {
      const response = await fetch(`${upstream}${pathname}${search}`, init)
      const { status } = response
      return new Response(response.body && change(response.body), { status, headers: forwarded(response.headers) })
    } catch (error) {
      const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error)
      return Response.json({ error: { message: `the provider is gone: ${cause}` } }, { status: 502 })
    }
  }
}

function forwarded(headers: Headers): Headers {
  const kept = new Headers(headers)
  for (const name of OF_A_CONNECTION) kept.delete(name)
  return kept
}

/** Serves a handler with Express on loopback until the test is over, and gives its URL. */
export async function serve(handler: FetchHandler): Promise<string> {
  const app = express()
  app.use(toExpress(handler))
  const server = createServer(app)
  await once(server.listen(0, '127.0.0.1'), 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
