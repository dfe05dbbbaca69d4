/** Bodies that Bun gives a content type or a length, by their name in the path, bare and metered. Prints its address. */
import { withUsage } from '@withusage/core'
import { mounted, scenarios } from './scenarios.ts'

const bytes = (text: string) => new TextEncoder().encode(text)

function form(): FormData {
  const fields = new FormData()
  fields.set('a', 'b')
  return fields
}

function pieces(): ReadableStream {
  return new ReadableStream({
    start(controller) {
      controller.enqueue(bytes('a'))
      controller.enqueue(bytes('b'))
      controller.close()
    },
  })
}

const RESPONSES: Record<string, () => Response> = {
  string: () => new Response('{"a":1}'),
  'string-beyond-ascii': () => new Response('Grüße 👋'),
  'string-with-headers': () => new Response('text', { headers: { 'x-other': 'yes' } }),
  'string-of-an-error': () => new Response('no', { status: 404 }),
  'empty-string': () => new Response(''),
  json: () => Response.json({ a: 1 }),
  'long-json': () => Response.json('long '.repeat(100_000)),
  bytes: () => new Response(new Uint8Array([0xff, 0xfe, 0x00])),
  'array-buffer': () => new Response(new Uint8Array([0xff, 0xfe, 0x00]).buffer),
  blob: () => new Response(new Blob(['text'])),
  'blob-with-a-type': () => new Response(new Blob(['text'], { type: 'text/css' })),
  params: () => new Response(new URLSearchParams({ a: 'b' })),
  form: () => new Response(form()),
  stream: () => new Response(pieces()),
  nothing: () => new Response(null),
}

function handler(request: Request): Response {
  const name = new URL(request.url).pathname.split('/').at(-1) ?? ''
  return RESPONSES[name]?.() ?? Response.json(Object.keys(RESPONSES))
}

const server = scenarios()
const { url } = Bun.serve({
  hostname: '127.0.0.1',
  port: 0,
  fetch: mounted({ ...server, scenario: async (request) => handler(request) }, () =>
    withUsage(handler, server.options),
  ),
})
process.stdout.write(`${url.origin}\n`)
