/** A handler of `Deno.serve`, for who writes it without Deno's own types; with them it is checked by Deno itself. */
import { type NetAddr, type ServeHandlerInfo, withUsage } from '@withusage/deno'
import { expectTypeOf } from 'expect-type'

/** What `Deno.serve` takes. */
declare function serve(handler: (request: Request, info: ServeHandlerInfo) => Response | Promise<Response>): void

serve(
  withUsage(
    (request, info) => {
      expectTypeOf(request).toEqualTypeOf<Request>()
      expectTypeOf(info).toEqualTypeOf<ServeHandlerInfo>()
      expectTypeOf(info.remoteAddr).toEqualTypeOf<NetAddr>()
      return new Response(info.remoteAddr.hostname)
    },
    {
      recorder: null,
      identify: (_request, { remoteAddr }) => {
        expectTypeOf(remoteAddr.hostname).toEqualTypeOf<string>()
        return { user: { id: remoteAddr.hostname } }
      },
    },
  ),
)
serve(withUsage(() => new Response()))

/** On a Unix socket the address is a path. */
export const onSocket = withUsage(
  (_request, info: ServeHandlerInfo<{ path: string }>) => new Response(info.remoteAddr.path),
  {
    identify: (_request, { remoteAddr }) => ({ user: { id: remoteAddr.path } }),
  },
)

// @ts-expect-error a handler gives a response
withUsage(() => 'text')
// @ts-expect-error an address has no such field
withUsage((_request, { remoteAddr }) => new Response(remoteAddr.address))
// @ts-expect-error there is no such option
withUsage(() => new Response(), { recorders: null })
