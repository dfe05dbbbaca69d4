import { currentUsage, type Identity, withUsage as meter, type UsageHandler, type UsageOptions } from '@withusage/core'
import { after, type NextRequest } from 'next/server.js'
import { currentWork } from './work.ts'

/** What Next gives a handler of any route besides the request. Its own `RouteContext<'/chat/[id]'>` knows one route's. */
export interface RouteContext {
  /** What the path says, by the names in brackets: `{ id: '42' }`. Of a catch-all, an array. */
  params: Promise<Record<string, string | string[] | undefined>>
}

/** What a handler may take: Next gives both, and checks their types itself. */
type HandlerArguments = readonly [request?: Request, ctx?: unknown]

/** What Next gives a handler, with what the handler has declared: `auth()` of Auth.js adds to the request, too. */
type GivenArguments<Args extends HandlerArguments> = readonly [
  request: Args extends readonly [infer Declared extends NextRequest, ...unknown[]] ? Declared : NextRequest,
  ctx: Args extends readonly [unknown, infer Context] ? Context : RouteContext,
]

/** The options of `withUsage`. Those of all routes are set once, with `configureUsage` in `instrumentation.ts`. */
export interface NextUsageOptions<Args extends HandlerArguments = readonly []>
  extends Omit<UsageOptions, 'identify' | 'route' | 'requestedModel' | 'waitUntil'> {
  /**
   * Who made the request. Asked once, after the handler has returned, in the request's own scope: `headers()`,
   * `cookies()` and what is built on them work. When it throws or gives `null`, `fallbackUser` is used.
   */
  identify?: (...args: GivenArguments<Args>) => Identity | null | undefined | Promise<Identity | null | undefined>
  /** The route's pattern, `'/api/chat/[id]'`: Next tells it to no handler. Default: a known API route, else `'other'`. */
  endpoint?: string
}

/**
 * Wraps a route handler: each request is metered and recorded, and Next sends exactly what the handler returns. What
 * `redirect()`, `notFound()` and the like throw goes on to Next untouched. A result that Next renders ahead and keeps
 * is metered when it is made, for `fallbackUser`: its request is nobody's, and is not read. With Cache Components, where
 * making it may be given up half-way, it is not metered.
 *
 * @example export const POST = withUsage(async (request, ctx) => …, { endpoint: '/api/chat/[id]' })
 * @throws UsageError `bad-option` for a number that is none, or out of range
 */
export function withUsage<Args extends HandlerArguments = readonly [request: NextRequest, ctx: RouteContext]>(
  handler: UsageHandler<Args>,
  options: NextUsageOptions<Args> = {},
): (...args: Args) => Promise<Response> {
  const settings = {
    ...options,
    waitUntil: (acknowledged: Promise<void>) => after(acknowledged),
  } as unknown as UsageOptions
  const answer = meter(handler as unknown as UsageHandler<readonly [Request, ...unknown[]]>, settings)
  const keep = meter((_nobodys: Request, ...args: Args) => {
    currentUsage()?.identify(null)
    return handler(...args)
  }, settings)

  return async function metered(...args) {
    switch (currentWork()) {
      case 'attempt':
        return handler(...args)
      case 'kept':
        return keep(new Request('http://localhost'), ...args)
      default:
        return answer(...(args as unknown as [Request]))
    }
  }
}
