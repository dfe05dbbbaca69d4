import { Readable } from 'node:stream'
import { type Recorder, stampUsage, type UsageStore } from '@withusage/core'
import { usage } from '@withusage/express/node'
import Fastify, { type FastifyInstance } from 'fastify'
import { identify } from './keys.ts'

interface Options {
  /** The provider, up to `/v1`: `'https://api.openai.com/v1'`. */
  upstream: string
  /** Our own key at the provider. */
  apiKey: string
  recorder: Recorder
  store: UsageStore
}

/** Headers that speak of the connection to the provider, or of bytes that `fetch` has decoded since. */
const DROPPED = ['connection', 'content-encoding', 'content-length', 'keep-alive', 'transfer-encoding']

/** An OpenAI-compatible proxy in Fastify, for which there is no adapter: its requests are those of `node:http`. */
export function createApp({ upstream, apiKey, recorder, store }: Options): FastifyInstance {
  const app = Fastify({ forceCloseConnections: true })
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))

  app.get('/usage', async () => {
    await recorder.flush()
    const from = new Date(Date.now() - 30 * 86_400_000)
    return store.aggregate({ from, to: new Date(), bucket: null, groupBy: ['userId', 'servedModel'] })
  })

  app.register(async (metered) => {
    const meter = usage({ recorder, identify })
    metered.addHook('onRequest', (request, reply, done) => meter(request.raw, reply.raw, () => done()))
    metered.addHook('onRequest', async (request, reply) => {
      if (!identify(request.raw)) return reply.code(401).send({ error: { message: 'unknown key' } })
    })

    metered.post('/v1/chat/completions', async (request, reply) => {
      const left = new AbortController()
      reply.raw.once('close', () => left.abort())
      const response = await fetch(`${upstream}/chat/completions`, {
        method: 'POST',
        headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' },
        body: request.body as Buffer<ArrayBuffer>,
        signal: left.signal,
      })
      for (const [name, value] of response.headers) if (!DROPPED.includes(name)) reply.header(name, value)
      return reply.code(response.status).send(response.body && Readable.fromWeb(response.body as never))
    })

    metered.post('/v1/echo', async (request) => {
      const inputTokens = (request.body as Buffer).length
      stampUsage({ servedModel: 'echo', inputTokens, outputTokens: 0 })
      return { echo: String(request.body) }
    })
  })
  return app
}
