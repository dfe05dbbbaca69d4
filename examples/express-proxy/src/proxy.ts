import type { FetchHandler } from '@withusage/express'

/** Headers that the provider may see. The client's key is not among them. */
const FORWARDED = ['accept', 'content-type', 'openai-beta', 'user-agent']

/** Headers that speak of the connection to the provider, or of bytes that `fetch` has decoded since. */
const DROPPED = ['connection', 'content-encoding', 'content-length', 'keep-alive', 'transfer-encoding']

/** Sends each request on to the provider with our key. Its body is streamed both ways; a client that leaves ends both. */
export function createProxy(upstream: string, apiKey: string): FetchHandler {
  return async function proxy(request) {
    const { pathname, search } = new URL(request.url)
    const headers = new Headers({ authorization: `Bearer ${apiKey}` })
    for (const name of FORWARDED) {
      const value = request.headers.get(name)
      if (value !== null) headers.set(name, value)
    }
    const response = await fetch(`${upstream}${pathname.replace(/^\/v1/, '')}${search}`, {
      method: request.method,
      headers,
      body: request.body,
      signal: request.signal,
      duplex: 'half',
    } as RequestInit)
    const answer = new Headers(response.headers)
    for (const name of DROPPED) answer.delete(name)
    return new Response(response.body, { status: response.status, headers: answer })
  }
}
