import { currentUsage, type Identity, type UsageHandle, type UsageOptions, withUsage } from '@withusage/core'
import type { Context, Env, MiddlewareHandler, Next } from 'hono'
import { routePath } from 'hono/route'

declare module 'hono' {
  interface ContextVariableMap {
    /** The request that is metered, for code that leaves the async context. Set by `usage()`. */
    usage: UsageHandle
  }
}

/** As in Hono's own `Context`: whatever the app has in its context, where nobody says what that is. */
// biome-ignore lint/suspicious/noExplicitAny: `Env` would only know the variables that every app has.
type AnyEnv = any

/** The options of `withUsage`, asked with Hono's context instead of the request. */
export interface HonoUsageOptions<E extends Env = AnyEnv>
  extends Omit<UsageOptions, 'identify' | 'route' | 'waitUntil'> {
  /**
   * Who made the request. Asked once, after the handlers: what authentication left in the context is there. When it
   * throws or gives `null`, `fallbackUser` is used.
   */
  identify?: (c: Context<E>) => Identity | null | undefined | Promise<Identity | null | undefined>
}

/**
 * Hono middleware that meters what comes after it. Records name the pattern of the matched route as their endpoint,
 * unless it is a wildcard. Used twice on one request, the inner one joins the outer.
 *
 * @example app.use('/v1/*', usage({ recorder, identify: (c) => ({ user: { id: c.get('userId') } }) }))
 */
export function usage<E extends Env = AnyEnv>({
  identify,
  ...options
}: HonoUsageOptions<E> = {}): MiddlewareHandler<E> {
  const metered = withUsage(answer<E>, {
    ...options,
    ...(identify && { identify: (_request, c) => identify(c) }),
    route: (_request, c) => routePath(c),
    waitUntil: (acknowledged, _request, c) => platformOf(c)?.waitUntil(acknowledged),
  })

  return async function usage(c, next) {
    const response = await metered(c.req.raw, c, next)
    // Hono merges the headers of a response that is there already into the new one.
    c.res = undefined
    c.res = response
  }
}

/** What the rest of the stack answers; an error of a handler is already Hono's error response. */
async function answer<E extends Env>(_request: Request, c: Context<E>, next: Next): Promise<Response> {
  const handle = currentUsage()
  if (handle) c.set('usage', handle)
  await next()
  return c.res
}

/** Workers and the like. Elsewhere the getter throws. */
function platformOf(c: Context): { waitUntil(promise: Promise<unknown>): void } | undefined {
  try {
    return c.executionCtx
  } catch {
    return undefined
  }
}
