/** `Bun.serve` needs no adapter: core's `withUsage` fits `fetch` and `routes`, with Bun's own requests and server. */
import { withUsage } from '@withusage/core'
import type { BunRequest, Server } from 'bun'
import { expectTypeOf } from 'expect-type'

Bun.serve({
  routes: {
    '/v1/chat/completions': { GET: new Response('ask with POST'), POST: withUsage((request) => fetch(request)) },
    '/rooms/:room': withUsage(
      (request: BunRequest<'/rooms/:room'>, server: Server<undefined>) => {
        expectTypeOf(request.params).toEqualTypeOf<{ room: string }>()
        return Response.json({ room: request.params.room, from: server.requestIP(request)?.address })
      },
      {
        recorder: null,
        endpoint: '/rooms/:room',
        identify: (request, server) => {
          expectTypeOf(request).toEqualTypeOf<BunRequest<'/rooms/:room'>>()
          expectTypeOf(server).toEqualTypeOf<Server<undefined>>()
          return { user: { id: server.requestIP(request)?.address ?? 'nobody' }, project: { id: request.params.room } }
        },
      },
    ),
    '/health': new Response('ok'),
  },
  fetch: withUsage((request, server: Server<undefined>) => {
    expectTypeOf(request).toEqualTypeOf<Request>()
    return new Response(server.requestIP(request)?.address)
  }),
})

/** A request that becomes a WebSocket has no answer: Bun takes that only from a server of WebSockets. */
const upgrading = withUsage((request, server: Server<undefined>) => {
  return server.upgrade(request) ? undefined : new Response('no WebSocket', { status: 426 })
})
Bun.serve({ fetch: upgrading, websocket: { message() {} } })
// @ts-expect-error there is no `websocket`
Bun.serve({ fetch: upgrading })
