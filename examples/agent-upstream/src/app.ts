import { meteredFetch, type Recorder, type UsageStore } from '@withusage/core'
import { usage } from '@withusage/hono'
import { Hono } from 'hono'
import { streamText } from 'hono/streaming'
import { answer } from './agent.ts'
import { clientsOver } from './clients.ts'

interface Options {
  recorder: Recorder
  store: UsageStore
}

/** An agent that answers in plain text. Its clients are metered where they are made, and the request knows who asks. */
export function createApp({ recorder, store }: Options): Hono {
  const clients = clientsOver(meteredFetch())
  const app = new Hono()
  app.use('/ask', usage({ recorder, identify: (c) => ({ user: { id: c.req.header('x-user') ?? 'anonymous' } }) }))
  app.post('/ask', async (c) => {
    const question = await c.req.text()
    return streamText(c, async (stream) => {
      for await (const piece of answer(clients, question)) await stream.write(piece)
    })
  })
  app.get('/usage', async (c) => {
    await recorder.flush()
    const from = new Date(Date.now() - 30 * 86_400_000)
    const groupBy = ['userId', 'servedModel', 'evidence'] as const
    return c.json(await store.aggregate({ from, to: new Date(), bucket: null, groupBy }))
  })
  return app
}
