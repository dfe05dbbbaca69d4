/** The Express middleware: handlers after it keep the types of their routes, and `identify` has Express' own objects. */
import { withUsage } from '@withusage/core'
import { toExpress, usage } from '@withusage/express'
import { expectTypeOf } from 'expect-type'
import express, { type Request, type RequestHandler, type Response } from 'express'

const app = express()

app.use(
  usage({
    recorder: null,
    identify: (request, response) => {
      expectTypeOf(request).toEqualTypeOf<Request>()
      expectTypeOf(response).toEqualTypeOf<Response>()
      return { user: { id: request.get('x-user') ?? response.locals.user } }
    },
  }),
)
app.post('/v1/rooms/:room', usage(), (request, response) => {
  expectTypeOf(request.params.room).toEqualTypeOf<string>()
  expectTypeOf(response).toExtend<Response>()
  response.json({ room: request.params.room })
})
app.post('/v1/chat/completions', toExpress(withUsage((request) => new Response(request.url))))

export const handler: RequestHandler = usage()

// @ts-expect-error a Fetch handler gives a response
toExpress(() => 'text')
// @ts-expect-error the request has no such method
usage({ identify: (request) => ({ user: { id: request.header2('x-user') } }) })
// @ts-expect-error the route is Express' to say
usage({ route: () => '/v1/chat' })
// @ts-expect-error nothing on Node must be kept alive
usage({ waitUntil: () => {} })
