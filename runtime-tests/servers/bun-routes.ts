/** Core's `withUsage` in the routes of `Bun.serve`. Prints its address. */
import { createRecorder, memoryStore, withUsage } from '@withusage/core'
import type { BunRequest, Server } from 'bun'

const store = memoryStore()
const recorder = createRecorder({ store })
const metering = { recorder }

const completion = {
  object: 'chat.completion',
  model: 'qwen-7b',
  choices: [],
  usage: { prompt_tokens: 9, completion_tokens: 5 },
}

async function books(): Promise<Response> {
  await recorder.flush()
  const { records } = await store.records({ from: new Date(0), to: new Date('2100-01-01') })
  const recorded = records.map(({ endpoint, projectId, userId }) => [endpoint, projectId, userId])
  return Response.json({ ...recorder.stats(), records: recorded })
}

/** Bun wants `undefined` for a request that became a WebSocket. */
function upgrade(request: Request, server: Server<undefined>): Response | undefined {
  if (server.upgrade(request)) return undefined
  return new Response('no WebSocket', { status: 426 })
}

const server = Bun.serve({
  hostname: '127.0.0.1',
  port: 0,
  routes: {
    '/v1/chat/completions': {
      GET: new Response('ask with POST'),
      POST: withUsage(() => Response.json(completion), metering),
    },
    '/rooms/:room': withUsage(
      (request: BunRequest<'/rooms/:room'>, _server: Server<undefined>) =>
        Response.json({ ...completion, room: request.params.room }),
      {
        recorder,
        endpoint: '/rooms/:room',
        identify: (request, server) => ({
          user: { id: server.requestIP(request)?.address ?? 'nobody' },
          project: { id: request.params.room },
        }),
      },
    ),
    '/health': new Response('ok'),
    '/books': books,
  },
  fetch: withUsage(upgrade, metering),
  websocket: {
    message(socket, text) {
      socket.send(text)
    },
  },
})
process.stdout.write(`${server.url.origin}\n`)
