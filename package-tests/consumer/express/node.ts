/** The same without Express: the middleware fits `node:http` and whatever extends its objects. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { withUsage } from '@withusage/core'
import { type NodeMiddleware, toNodeHandler, usage } from '@withusage/express/node'
import { expectTypeOf } from 'expect-type'

const metered = usage({ identify: (request) => ({ user: { id: `${request.headers['x-user']}` } }) })
expectTypeOf(metered).toEqualTypeOf<NodeMiddleware<IncomingMessage, ServerResponse>>()

createServer((request, response) => {
  metered(request, response, () => {
    response.end('{}')
  })
})
createServer(toNodeHandler(withUsage((request) => new Response(request.url))))

interface ConnectRequest extends IncomingMessage {
  user: string
}

export const connect = usage<ConnectRequest>({ identify: ({ user }) => ({ user: { id: user } }) })
expectTypeOf(connect).parameter(0).toEqualTypeOf<ConnectRequest>()

// @ts-expect-error Node's request has no such method
usage({ identify: (request) => ({ user: { id: request.get('x-user') } }) })
