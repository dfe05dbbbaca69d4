import { type UsageOptions, withUsage as wrap } from '@withusage/core'

/** Where a client of a TCP server connects from: `Deno.NetAddr`. */
export interface NetAddr {
  /** `'tcp'` for every HTTP server. */
  transport: 'tcp' | 'udp'
  /** IP address: `'127.0.0.1'`. Behind a proxy, the proxy's. */
  hostname: string
  /** The client's own: `51234`. */
  port: number
}

/** What `Deno.serve` tells a handler besides the request: `Deno.ServeHandlerInfo`, without Deno's types. */
export interface ServeHandlerInfo<Addr = NetAddr> {
  /** Where the client connects from. */
  remoteAddr: Addr
  /** Settles when the response has been sent, or could not be: metering has no use for it. */
  completed: Promise<void>
}

/** `Deno.ServeHandler`. A handler that names no address is one of a TCP server. */
export type ServeHandler<Addr = NetAddr> = (
  request: Request,
  info: ServeHandlerInfo<Addr>,
) => Response | Promise<Response>

/** The options of core's `withUsage`; `identify` is asked with what `Deno.serve` gave the handler. */
export type DenoUsageOptions<Addr = NetAddr> = UsageOptions<[request: Request, info: ServeHandlerInfo<Addr>]>

/**
 * Wraps a handler of `Deno.serve` or `deno serve`: each request is metered and recorded, and the client receives what
 * the handler sends. The request's signal is never looked at: on Deno that prints a warning, and it aborts on every
 * normal end too.
 *
 * @example Deno.serve(withUsage(handler, { identify: (_request, { remoteAddr }) => ({ user: { id: remoteAddr.hostname } }) }))
 * @throws UsageError `bad-option` for a number that is none, or out of range
 */
export function withUsage<Addr = NetAddr>(
  handler: ServeHandler<Addr>,
  options: DenoUsageOptions<Addr> = {},
): (request: Request, info: ServeHandlerInfo<Addr>) => Promise<Response> {
  return wrap(handler, options)
}
