import { usage } from '@withusage/hono'
import { Hono } from 'hono'
import type { Scenarios } from './scenarios.ts'

const ROUTE = '/:scenario/v1/chat/completions'

/** The scenarios of `testDisconnect` as a Hono app. */
export function honoApp({ scenario, control, options, impatient, draining }: Scenarios): Hono {
  const app = new Hono()
  app.all('/control/*', (c) => control(c.req.raw))
  app.all(`/metered${ROUTE}`, usage(options), (c) => scenario(c.req.raw))
  app.all(`/impatient${ROUTE}`, usage(impatient), (c) => scenario(c.req.raw))
  app.all(`/draining${ROUTE}`, usage(draining), (c) => scenario(c.req.raw))
  return app
}
