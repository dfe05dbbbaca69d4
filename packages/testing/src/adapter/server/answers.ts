import { completion, inTurn, produce, stamp } from './bodies.ts'
import type { Handlers } from './handler.ts'

/** Handlers that answer at once. */
export const answers = {
  json: () => Response.json(completion()),

  'json-stamped': () => {
    stamp({ model: 'qwen-7b', inputTokens: 21, outputTokens: 3 })
    return Response.json(completion(null))
  },

  'json-stamped-over': () => {
    stamp({ inputTokens: 21, outputTokens: 3 })
    return Response.json(completion())
  },

  /** Says its length itself. */
  'json-counted': () => {
    const body = new TextEncoder().encode(JSON.stringify(completion()))
    return new Response(body, { headers: { 'content-type': 'application/json', 'content-length': `${body.length}` } })
  },

  binary: (_request, run) =>
    new Response(produce(run, inTurn(everyByte(7))), { headers: { 'content-type': 'audio/mpeg' } }),

  cookies: () => {
    const headers = new Headers({ 'content-type': 'application/json' })
    for (const cookie of ['a=1; Path=/', 'b=2; Expires=Thu, 01 Jan 2037 00:00:00 GMT; HttpOnly', 'a=3; Path=/v1'])
      headers.append('set-cookie', cookie)
    return new Response(JSON.stringify(completion()), { headers })
  },

  'odd-headers': () => {
    const headers = new Headers({
      'content-type': 'application/json; charset=utf-8; x="a;b"',
      'x-latin': 'Gr\xfc\xdfe',
      'x-empty': '',
      'x-long': 'v'.repeat(4_000),
      'x-list': 'a, "b, c", d',
      'X-Case': 'Kept',
      'x-ratelimit-remaining-tokens': '149984',
    })
    headers.append('vary', 'origin')
    headers.append('vary', 'accept-encoding')
    const body = new TextEncoder().encode(JSON.stringify(completion()))
    return new Response(body, { status: 299, statusText: 'Quite All Right', headers })
  },

  /** Node sends the head that comes with a text as UTF-8, the head that comes with bytes as latin-1. */
  'latin-header': () => Response.json(completion(), { headers: { 'x-latin': 'Gr\xfc\xdfe' } }),

  empty: () => new Response(null, { headers: { 'x-empty': 'yes' } }),

  options: () => new Response(null, { status: 200, headers: { allow: 'OPTIONS, POST', 'x-options': 'yes' } }),

  'no-content': () => new Response(null, { status: 204, headers: { 'x-kept': 'yes' } }),

  'not-modified': () => new Response(null, { status: 304, headers: { etag: '"v1"', 'cache-control': 'max-age=60' } }),

  redirect: () => new Response(null, { status: 307, headers: { location: '/elsewhere?a=%20b' } }),

  'not-found': () => Response.json({ error: { message: 'no such model' } }, { status: 404 }),

  'server-error': () => Response.json({ error: { message: 'overloaded' } }, { status: 500 }),

  throws: () => {
    throw new Error('the handler broke, as the suite asked')
  },
} satisfies Handlers

/** Chunks of every length from 1 to 256, of every byte, as many rounds as asked. */
function everyByte(rounds: number): Uint8Array<ArrayBuffer>[] {
  const bytes = Uint8Array.from({ length: 256 }, (_, index) => index)
  return Array.from({ length: 256 * rounds }, (_, index) => bytes.slice(0, (index % 256) + 1))
}
