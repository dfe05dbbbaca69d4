import type { Recorder, UsageStore } from '@withusage/core'
import { toExpress, usage } from '@withusage/express'
import express, { type Express, type RequestHandler } from 'express'
import { identify, keyOf } from './keys.ts'
import { createProxy } from './proxy.ts'

interface Options {
  /** The provider, up to `/v1`: `'https://api.openai.com/v1'`. */
  upstream: string
  /** Our own key at the provider. */
  apiKey: string
  recorder: Recorder
  store: UsageStore
}

/** An OpenAI-compatible proxy whose users have keys of their own. Metering it is the line with `usage(…)`. */
export function createApp({ upstream, apiKey, recorder, store }: Options): Express {
  const app = express()
  app.use('/v1', usage({ recorder, identify }))
  app.use(authenticate)
  app.get('/usage', async (_request, response) => {
    await recorder.flush()
    const from = new Date(Date.now() - 30 * 86_400_000)
    const groupBy = ['userId', 'apiKeyId', 'servedModel'] as const
    response.json(await store.aggregate({ from, to: new Date(), bucket: null, groupBy }))
  })
  app.use('/v1', toExpress(createProxy(upstream, apiKey)))
  return app
}

const authenticate: RequestHandler = (request, response, next) => {
  if (keyOf(request)) next()
  else response.status(401).json({ error: { message: 'unknown key', type: 'invalid_request_error' } })
}
