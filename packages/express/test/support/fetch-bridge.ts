import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'

type Handler = (request: Request) => Promise<Response>

/**
 * Serves a Fetch handler as Express code that streams by hand does: `appendHeader`, `write` and its answer, `drain`,
 * `end`. It throws what the handler throws; a body that breaks breaks the connection.
 */
export async function bridge(handler: Handler, incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  const response = await handler(requestOf(incoming))
  outgoing.statusCode = response.status
  outgoing.statusMessage = response.statusText
  for (const [name, value] of response.headers) outgoing.appendHeader(name, value)
  if (incoming.method === 'HEAD' || response.body === null) {
    outgoing.end()
    await response.body?.cancel()
  } else await send(response.body, outgoing)
}

function requestOf(incoming: IncomingMessage & { originalUrl?: string }): Request {
  const { method = 'GET', url, originalUrl = url } = incoming
  const headers = Object.entries(incoming.headersDistinct).flatMap(([name, values = []]) =>
    values.map((value): [string, string] => [name, value]),
  )
  const hasBody = method !== 'GET' && method !== 'HEAD'
  return new Request(`http://${incoming.headers.host}${originalUrl}`, {
    method,
    headers,
    ...(hasBody && { body: Readable.toWeb(incoming) as ReadableStream, duplex: 'half' }),
  } as RequestInit)
}

async function send(body: ReadableStream<Uint8Array>, outgoing: ServerResponse): Promise<void> {
  const reader = body.getReader()
  const left = new AbortController()
  const leave = (): void => {
    left.abort()
    reader.cancel().catch(() => {})
  }
  if (outgoing.destroyed) leave()
  else outgoing.once('close', leave)
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read())
      if (!outgoing.write(next.value)) await once(outgoing, 'drain', { signal: left.signal })
    outgoing.end()
  } catch {
    outgoing.destroy()
  }
}
