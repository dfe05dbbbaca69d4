/** `Deno.serve`, metered by the adapter for Deno. */
import { withUsage } from '@withusage/deno'
import { handler } from '../answers.ts'
import { recorderOver } from '../ways.ts'
import { held, listening, servedHandler, store, way } from './served.ts'

const served = way === 'metered' ? withUsage(handler, { recorder: await recorderOver(store) }) : await servedHandler()

Deno.serve(
  { hostname: '127.0.0.1', port: 0, onListen: ({ port }) => listening(port) },
  (request: Request, info: Deno.ServeHandlerInfo<Deno.NetAddr>) =>
    request.method === 'GET' ? new Response(held()) : served(request, info),
)
