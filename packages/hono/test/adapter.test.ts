import type { Server } from 'node:http'
import { createAdaptorServer } from '@hono/node-server'
import { createRecorder, memoryStore } from '@withusage/core'
import { type AdapterServer, servedHere, testAdapter } from '@withusage/testing'
import { scenarioServer } from '@withusage/testing/scenarios'
import { type Context, Hono } from 'hono'
import { compress } from 'hono/compress'
import { usage } from '../src/index.ts'

const ROUTE = '/:scenario/v1/chat/completions'

async function start(): Promise<AdapterServer> {
  const errors: unknown[] = []
  const onError = (error: unknown) => errors.push(error)
  const store = memoryStore()
  const recorder = createRecorder({ store, onError })
  const { scenario, control } = scenarioServer({ recorder, store, errors })
  const serve = (c: Context) => scenario(c.req.raw)
  const metered = usage({ recorder, onError })

  const app = new Hono()
  app.onError((_error, c) => c.text('sorry', 500))
  app.all('/control/*', (c) => control(c.req.raw))
  app.all(`/bare${ROUTE}`, serve)
  app.all(`/metered${ROUTE}`, metered, serve)
  app.all(`/compressed-bare${ROUTE}`, compress(), serve)
  app.all(`/compressed-before${ROUTE}`, compress(), metered, serve)
  app.all(`/compressed-after${ROUTE}`, metered, compress(), serve)

  const server = createAdaptorServer(app) as Server
  return servedHere(server, recorder)
}

testAdapter('Hono', { start })
