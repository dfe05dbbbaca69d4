import type { NextFunction, Request, Response } from 'express'
import { usage as meter, type NodeUsageOptions } from './node.ts'
import { routeOf, watchRoute } from './route.ts'

/** The options of `withUsage`, asked with Express' request and response. */
export interface ExpressUsageOptions extends Omit<NodeUsageOptions<Request, Response>, 'route' | 'requestedModel'> {}

/** Express' `RequestHandler` for a route of any path: handlers after it have their parameters inferred from the path. */
export type UsageMiddleware = <P>(request: Request<P>, response: Response, next: NextFunction) => void

/**
 * Express middleware that meters what comes after it. Records name the matched route as their endpoint, and the `model` of
 * a parsed body as the model that was asked for. Used twice on one request, the inner one joins the outer.
 *
 * @example app.use('/v1', usage({ recorder, identify: (request) => ({ user: { id: request.get('x-user') ?? '' } }) }))
 * @throws UsageError `bad-option` for a number that is none, or out of range
 */
export function usage(options: ExpressUsageOptions = {}): UsageMiddleware {
  const metered = meter<Request, Response>({
    ...options,
    route: routeOf,
    requestedModel: ({ body }) => body?.model,
  })

  return function usage<P>(request: Request<P>, response: Response, next: NextFunction): void {
    watchRoute(request as Request)
    metered(request as Request, response, next)
  }
}
