/** What a user of Deno writes, checked by `deno check` against Deno's own types. Never run. */
import { type ServeHandler, type ServeHandlerInfo, withUsage } from '@withusage/deno'

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
const expectSame = <T extends true>(_same?: T): void => {}

export const fromDeno = (info: Deno.ServeHandlerInfo<Deno.NetAddr>): ServeHandlerInfo => info
export const toDeno = (info: ServeHandlerInfo): Deno.ServeHandlerInfo<Deno.NetAddr> => info
export const handlerFromDeno = (handler: Deno.ServeHandler<Deno.NetAddr>): ServeHandler => handler
export const handlerToDeno = (handler: ServeHandler): Deno.ServeHandler<Deno.NetAddr> => handler

// In place: the arguments of the handler and of identify are inferred.
Deno.serve(
  withUsage(
    async (request, info) => {
      expectSame<Same<typeof request, Request>>()
      expectSame<Same<typeof info.remoteAddr.hostname, string>>()
      return new Response(await request.text())
    },
    { identify: (request, info) => ({ user: { id: info.remoteAddr.hostname }, tags: { method: request.method } }) },
  ),
)
Deno.serve(
  { port: 0 },
  withUsage((_request, { remoteAddr }) => new Response(`${remoteAddr.port}`)),
)

// Apart from Deno.serve.
const named = withUsage((_request, { remoteAddr }) => new Response(remoteAddr.hostname))
expectSame<Same<Parameters<typeof named>, [request: Request, info: ServeHandlerInfo]>>()
Deno.serve(named)

// On a Unix socket the address is a path.
Deno.serve(
  { path: '/run/llm.sock' },
  withUsage((_request, info) => new Response(info.remoteAddr.path), {
    identify: (_request, { remoteAddr }) => ({ user: { id: remoteAddr.path } }),
  }),
)

// `deno serve`
export default {
  fetch: withUsage((_request, { remoteAddr }) => new Response(remoteAddr.transport)),
} satisfies Deno.ServeDefaultExport

// @ts-expect-error a handler gives a response
withUsage(() => 'text')
// @ts-expect-error there is no such option
withUsage(() => new Response(), { recorders: null })
// @ts-expect-error an identity has a user
withUsage(() => new Response(), { identify: () => ({ source: 'web' }) })
