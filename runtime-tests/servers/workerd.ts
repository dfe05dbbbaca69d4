/** The scenarios of `testAdapter` and `testDisconnect` on workerd: a Worker, bundled before it is served. */
import { withUsage } from '@withusage/core'
import { mounted, scenarios } from './scenarios.ts'

/** What workerd gives a handler besides the request. */
type Platform = readonly [bindings: unknown, context: { waitUntil(promise: Promise<unknown>): void }]

const worker = () =>
  mounted<Platform>(scenarios(), (serve, options) =>
    withUsage((request: Request, ..._platform: Platform) => serve(request), {
      ...options,
      waitUntil: (acknowledged, _request, _bindings, context) => context.waitUntil(acknowledged),
    }),
  )

let fetch: ReturnType<typeof worker> | undefined

export default {
  /** Timers are there while a request is served, and not before. */
  fetch(request: Request, ...platform: Platform): Response | Promise<Response> {
    fetch ??= worker()
    return fetch(request, ...platform)
  },
}
