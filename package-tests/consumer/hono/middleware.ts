/** The Hono middleware: its options know the app's context, and the context knows the handle. */
import type { UsageHandle } from '@withusage/core'
import { usage } from '@withusage/hono'
import { expectTypeOf } from 'expect-type'
import { Hono } from 'hono'

interface Env {
  Variables: { userId: string }
}

export const app = new Hono<Env>()
app.use('/v1/*', usage<Env>({ recorder: null, identify: (c) => ({ user: { id: c.get('userId') } }) }))
app.post('/v1/chat', (c) => {
  expectTypeOf(c.var.usage).toEqualTypeOf<UsageHandle>()
  c.get('usage').stamp({ inputTokens: 9 })
  return c.text('')
})

// @ts-expect-error the context has no such variable
usage<Env>({ identify: (c) => ({ user: { id: c.get('userID') } }) })
// @ts-expect-error a handle takes no such stamp
app.get('/', (c) => c.json(c.get('usage').stamp({ tokens: 9 })))
// @ts-expect-error the route is Hono's to say
usage({ route: () => '/v1/chat' })
