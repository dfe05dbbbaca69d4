import { AsyncLocalStorage } from 'node:async_hooks'
import { readFileSync } from 'node:fs'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { fileURLToPath } from 'node:url'
import { currentUsage, stampUsage } from '@withusage/core'
import { createBooks } from '@withusage/testing'
import compression from 'compression'
import type { ErrorRequestHandler, Express, Request, RequestHandler } from 'express'
import { describe, expect, it } from 'vitest'
import { usage } from '../src/index.ts'
import { completion, EVENTS, EXPRESS, listen, open, send } from './support/serve.ts'

const FILE = fileURLToPath(import.meta.url)

describe.each(EXPRESS)('%s', (_name, express) => {
  /** The same app twice, bare and metered: `mount` gets the middleware to put in its place. */
  async function serve(mount: (app: Express, metered: RequestHandler) => unknown) {
    const books = createBooks()
    const start = async (middleware: RequestHandler): Promise<string> => {
      const app = express()
      mount(app, middleware)
      return listen(app)
    }
    const bare = await start((_request, _response, next) => next())
    const metered = await start(usage({ recorder: books.recorder }))
    return { ...books, bare, metered }
  }

  /** Both answers, without what differs from request to request. */
  async function both(served: { bare: string; metered: string }, path: string, init?: Parameters<typeof send>[1]) {
    const answers = [await send(served.bare + path, init), await send(served.metered + path, init)]
    return answers.map(({ headers: { date: _, ...headers }, ...answer }) => ({ ...answer, headers }))
  }

  const ANSWERS: Record<string, RequestHandler> = {
    json: (_request, response) => response.json(completion),
    send: (_request, response) => response.type('json').send(JSON.stringify(completion)),
    'several set-cookie': (_request, response) => response.cookie('a', '1').cookie('b', '2').json(completion),
    pipe: (_request, response) => Readable.from(EVENTS).pipe(response.type('text/event-stream')),
    pipeline: (_request, response) => pipeline(Readable.from(EVENTS), response.type('text/event-stream')),
    writes: (_request, response) => {
      response.type('text/event-stream').flushHeaders()
      for (const event of EVENTS) response.write(event)
      response.end()
    },
  }

  it.each(Object.keys(ANSWERS))('%s arrives as unwrapped, and is recorded', async (answer) => {
    const served = await serve((app, metered) =>
      app.use(metered).post('/v1/chat/completions', ANSWERS[answer] as never),
    )
    const [expected, got] = await both(served, '/v1/chat/completions')
    expect(got).toEqual(expected)
    expect(await served.settled()).toMatchObject([{ inputTokens: 9, outputTokens: 5, outcome: 'complete' }])
  })

  const OTHERS: Record<string, [answer: RequestHandler, account: object]> = {
    redirect: [(_request, response) => response.redirect('/elsewhere'), { ignored: { status_3xx: 1 } }],
    sendStatus: [(_request, response) => response.sendStatus(404), { ignored: { status_4xx: 1 } }],
    'next(error)': [(_request, _response, next) => next(new Error('no model')), { ignored: { status_5xx: 1 } }],
    'next() to nowhere': [(_request, _response, next) => next(), { ignored: { status_4xx: 1 } }],
    'a handler that throws': [
      () => {
        throw new Error('no model')
      },
      { ignored: { status_5xx: 1 } },
    ],
    sendFile: [(_request, response) => response.sendFile(FILE), { unrecorded: { no_usage: 1 } }],
    'an empty end': [(_request, response) => void response.status(200).end(), { ignored: { not_inference: 1 } }],
  }

  it.each(Object.keys(OTHERS))('%s arrives as unwrapped, and is counted', async (name) => {
    const [answer, account] = OTHERS[name] as [RequestHandler, object]
    const served = await serve((app, metered) => {
      app.use(metered).post('/v1/chat/completions', answer)
      const apologise: ErrorRequestHandler = (error, _request, response, _next) =>
        response.status(500).send(error.message)
      app.use(apologise)
    })
    const [expected, got] = await both(served, '/v1/chat/completions')
    expect(got).toEqual(expected)
    if (name === 'sendFile') expect(got?.body).toBe(readFileSync(FILE, 'latin1'))
    await served.settled()
    expect(served.recorder.stats()).toMatchObject({ requests: 1, recorded: 0, ...account })
  })

  describe('compression', () => {
    const gzip = { headers: { 'accept-encoding': 'gzip' } }
    const compress = compression({ threshold: 0 })
    const answer: RequestHandler = (_request, response) => response.json(completion)

    it('mounted before us compresses what we have read', async () => {
      const served = await serve((app, metered) => app.use(compress, metered).post('/v1/chat/completions', answer))
      const [expected, got] = await both(served, '/v1/chat/completions', gzip)
      expect(got).toEqual(expected)
      expect(got?.headers['content-encoding']).toEqual(['gzip'])
      expect(await served.settled()).toMatchObject([{ inputTokens: 9, outputTokens: 5 }])
    })

    it('mounted before us flushes each event as unwrapped', async () => {
      const served = await serve((app, metered) =>
        app.use(compress, metered).post('/v1/chat/completions', (_request, response) => {
          response.type('text/event-stream').write(EVENTS[0])
          ;(response as unknown as { flush(): void }).flush()
        }),
      )
      const incoming = await open(`${served.metered}/v1/chat/completions`)
      await new Promise((resolve) => incoming.once('data', resolve))
      incoming.destroy()
      await served.settled()
      expect(served.recorder.stats()).toMatchObject({ unrecorded: { cancelled: 1 } })
    })

    it('mounted after us shows us what it has compressed, which is decoded', async () => {
      const served = await serve((app, metered) => app.use(metered, compress).post('/v1/chat/completions', answer))
      const [expected, got] = await both(served, '/v1/chat/completions', gzip)
      expect(got).toEqual(expected)
      expect(await served.settled()).toMatchObject([{ inputTokens: 9, outputTokens: 5, outcome: 'complete' }])
    })
  })

  describe('A record', () => {
    it.each([
      ['/v1/chat/completions', '/v1/chat/completions'],
      ['/chat', '/chat/'],
      ['/tenants/acme/models/qwen%20b/ask', '/tenants/:tenant/models/:model/ask'],
      ['/tenants/a%2Fb/models/acme/ask', '/tenants/:tenant/models/:model/ask'],
      ['/nowhere', 'other'],
    ])('of %s names its route %s', async (path, endpoint) => {
      const answer = ANSWERS.json as RequestHandler
      const { metered, settled } = await serve((app, middleware) => {
        app.use(middleware)
        app.post('/v1/chat/completions', answer)
        app.use('/chat', express.Router().post('/', answer))
        app.use('/tenants/:tenant', express.Router().use('/models', express.Router().post('/:model/ask', answer)))
        app.use(answer)
      })
      await send(`${metered}${path}`)
      expect(await settled()).toMatchObject([{ endpoint }])
    })

    it('names the route also where the middleware is mounted twice', async () => {
      const { metered, settled } = await serve((app, middleware) => {
        app.use(middleware, usage({ recorder: null }))
        app.use('/tenants/:tenant', express.Router().post('/ask', ANSWERS.json as RequestHandler))
      })
      await send(`${metered}/tenants/acme/ask`)
      expect(await settled()).toMatchObject([{ endpoint: '/tenants/:tenant/ask' }])
    })

    it('names the route also where the middleware is mounted below a parameter', async () => {
      const { metered, settled } = await serve((app, middleware) =>
        app.use('/tenants/:tenant', middleware, express.Router().post('/ask', ANSWERS.json as RequestHandler)),
      )
      await send(`${metered}/tenants/acme/ask`)
      expect(await settled()).toMatchObject([{ endpoint: '/tenants/:tenant/ask' }])
    })

    it('says which model the parsed body asks for', async () => {
      const served = await serve((app, metered) =>
        app.use(metered, express.json()).post('/v1/chat/completions', ANSWERS.json as never),
      )
      const headers = { 'content-type': 'application/json' }
      await send(`${served.metered}/v1/chat/completions`, { headers, body: '{"model":"auto"}' })
      await send(`${served.metered}/v1/chat/completions`, { headers, body: '{"model":{"not":"a text"}}' })
      const models = (await served.settled()).map(({ requestedModel }) => requestedModel)
      expect(new Set(models)).toEqual(new Set(['auto', null]))
    })

    it('knows who was authenticated after us', async () => {
      const books = createBooks()
      const identify = (request: Request) => ({ user: { id: request.get('x-user') ?? '', name: named(request) } })
      const named = (request: Request): string | null => (request as { userName?: string }).userName ?? null
      const app = express()
      app.use(usage({ recorder: books.recorder, identify }))
      app.use((request, _response, next) => {
        Object.assign(request, { userName: 'Ada' })
        next()
      })
      app.post('/v1/chat/completions', ANSWERS.json as never)
      await send(`${await listen(app)}/v1/chat/completions`, { headers: { 'x-user': 'u-1' } })
      expect(await books.settled()).toMatchObject([{ userId: 'u-1', userName: 'Ada' }])
    })

    it('holds what is stamped anywhere, also behind a parsed body', async () => {
      const served = await serve((app, metered) =>
        app.use(metered, express.json()).post('/v1/chat/completions', async (_request, response) => {
          await new Promise((resolve) => setImmediate(resolve))
          response.type('text').write('Hello')
          await new Promise((resolve) => setImmediate(resolve))
          stampUsage({ model: 'qwen-7b', inputTokens: 3 })
          currentUsage()?.stamp({ outputTokens: 2 })
          response.end()
        }),
      )
      const init = { headers: { 'content-type': 'application/json' }, body: `{"x":"${'x'.repeat(90_000)}"}` }
      await send(`${served.metered}/v1/chat/completions`, init)
      expect(await served.settled()).toMatchObject([{ evidence: 'stamp', inputTokens: 3, outputTokens: 2 }])
    })

    it('is one, where the middleware is mounted twice', async () => {
      const books = createBooks()
      const metered = usage({ recorder: books.recorder })
      const app = express()
      app.use(metered)
      app.post('/v1/chat/completions', metered, ANSWERS.json as never)
      await send(`${await listen(app)}/v1/chat/completions`)
      expect(await books.settled()).toHaveLength(1)
      expect(books.recorder.stats()).toMatchObject({ requests: 1, recorded: 1 })
    })

    it('is one, and can be stamped, where the async context is lost between two mounts', async () => {
      const books = createBooks()
      const metered = usage({ recorder: books.recorder })
      const outside = AsyncLocalStorage.snapshot()
      const app = express()
      app.use(metered)
      app.use((_request, _response, next) => outside(() => next()))
      app.post('/v1/chat/completions', metered, (_request, response) => {
        stampUsage({ model: 'qwen-7b', inputTokens: 3 })
        response.json({})
      })
      await send(`${await listen(app)}/v1/chat/completions`)
      expect(await books.settled()).toMatchObject([{ evidence: 'stamp', inputTokens: 3 }])
      expect(books.recorder.stats()).toMatchObject({ requests: 1, recorded: 1 })
    })
  })
})
