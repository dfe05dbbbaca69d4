import type { Request, RequestHandler, Response } from 'express'
import { usage as meter, type NodeUsageOptions } from './node.ts'
import { routeOf, watchRoute } from './route.ts'

/** The options of `withUsage`, asked with Express' request and response. */
export interface ExpressUsageOptions extends Omit<NodeUsageOptions<Request, Response>, 'route' | 'requestedModel'> {}

/**
 * Express middleware that meters what comes after it. Records name the matched route as their endpoint, and the `model` of
 * a parsed body as the model that was asked for. Used twice on one request, the inner one joins the outer.
 *
 * @example app.use('/v1', usage({ recorder, identify: (request) => ({ user: { id: request.get('x-user') ?? '' } }) }))
 * @throws UsageError `bad-option` for a number that is none, or out of range
 */
export function usage(options: ExpressUsageOptions = {}): RequestHandler {
  const metered = meter<Request, Response>({
    ...options,
    route: routeOf,
    requestedModel: ({ body }) => body?.model,
  })

  return function usage(request, response, next) {
    watchRoute(request)
    metered(request, response, next)
  }
}
