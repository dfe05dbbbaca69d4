import { createRecorder, localUser, memoryStore, stampUsage } from '@withusage/core'
import { createBooks } from '@withusage/testing'
import { Hono } from 'hono'
import { HTTPException } from 'hono/http-exception'
import { stream, streamSSE, streamText } from 'hono/streaming'
import { describe, expect, test } from 'vitest'
import { usage } from '../src/index.ts'
import { chatChunk, chatCompletion, usageChunk } from './support/harness.ts'

const post = { method: 'POST' }

describe('what is recorded', () => {
  test('a JSON answer is recorded, and the client gets it as it was', async () => {
    const { recorder, settled } = createBooks()
    const app = new Hono()
    app.use(usage({ recorder }))
    app.post('/v1/chat/completions', (c) => c.json(chatCompletion, 200, { 'x-served-by': 'unit-3' }))

    const response = await app.request('/v1/chat/completions', post)

    expect(response.headers.get('x-served-by')).toBe('unit-3')
    expect(await response.json()).toEqual(chatCompletion)
    const [record] = await settled()
    expect(record).toMatchObject({
      endpoint: '/v1/chat/completions',
      servedModel: 'qwen-7b',
      inputTokens: 9,
      outputTokens: 5,
      userId: localUser().id,
      evidence: 'body',
      outcome: 'complete',
      status: 200,
    })
  })

  test('streamSSE is read to its end', async () => {
    const { recorder, settled } = createBooks()
    const app = new Hono()
    app.use(usage({ recorder }))
    app.post('/v1/chat/completions', (c) =>
      streamSSE(c, async (sse) => {
        await sse.writeSSE({ data: JSON.stringify(chatChunk('hi')) })
        await sse.writeSSE({ data: JSON.stringify(usageChunk) })
        await sse.writeSSE({ data: '[DONE]' })
      }),
    )

    const text = await (await app.request('/v1/chat/completions', post)).text()

    expect(text).toContain('"content":"hi"')
    expect(text.endsWith('data: [DONE]\n\n')).toBe(true)
    expect(await settled()).toMatchObject([{ streamed: true, inputTokens: 9, outputTokens: 5 }])
  })

  test('a stamp behind the last word of streamText counts', async () => {
    const { recorder, settled } = createBooks()
    const app = new Hono()
    app.use(usage({ recorder }))
    app.post('/chat', (c) =>
      streamText(c, async (text) => {
        await text.write('hello')
        c.get('usage').stamp({ model: 'qwen-7b', inputTokens: 3, outputTokens: 1 })
      }),
    )

    expect(await (await app.request('/chat', post)).text()).toBe('hello')
    expect(await settled()).toMatchObject([{ evidence: 'stamp', servedModel: 'qwen-7b', inputTokens: 3 }])
  })

  test('stampUsage finds the request inside a handler and inside a streaming helper', async () => {
    const { recorder, settled } = createBooks()
    const app = new Hono()
    app.use(usage({ recorder }))
    app.post('/json', (c) => {
      stampUsage({ model: 'a', inputTokens: 1 })
      return c.json({})
    })
    app.post('/stream', (c) =>
      stream(c, async (out) => {
        await out.write('x')
        stampUsage({ model: 'b', inputTokens: 2 })
      }),
    )

    await Promise.all(['/json', '/stream'].map(async (path) => (await app.request(path, post)).text()))
    const records = await settled()
    expect(records.map(({ servedModel, endpoint }) => [servedModel, endpoint]).toSorted()).toEqual([
      ['a', '/json'],
      ['b', '/stream'],
    ])
  })

  test('two requests at once never see each other', async () => {
    const { recorder, settled } = createBooks()
    const app = new Hono()
    app.use(usage({ recorder, identify: (c) => ({ user: { id: c.req.query('user') ?? '' } }) }))
    app.post('/chat', async (c) => {
      await Promise.resolve()
      stampUsage({ model: 'm', inputTokens: Number(c.req.query('tokens')) })
      return c.json({})
    })

    await Promise.all([1, 2, 3, 4].map((n) => app.request(`/chat?user=u${n}&tokens=${n}`, post)))
    const records = await settled()
    expect(records.map(({ userId, inputTokens }) => `${userId}:${inputTokens}`).toSorted()).toEqual([
      'u1:1',
      'u2:2',
      'u3:3',
      'u4:4',
    ])
  })
})

describe('who pays', () => {
  test('identify reads what authentication behind the middleware left in the context', async () => {
    const { recorder, settled } = createBooks()
    const app = new Hono<{ Variables: { user: string } }>()
    app.use(usage({ recorder, identify: (c) => ({ user: { id: c.get('user') }, source: 'apikey' }) }))
    app.use(async (c, next) => {
      c.set('user', 'ada')
      await next()
    })
    app.post('/v1/embeddings', (c) =>
      c.json({
        object: 'list',
        model: 'e',
        data: [{ object: 'embedding', index: 0, embedding: [0.5] }],
        usage: { prompt_tokens: 4, total_tokens: 4 },
      }),
    )

    await (await app.request('/v1/embeddings', post)).text()
    expect(await settled()).toMatchObject([{ userId: 'ada', source: 'apikey', inputTokens: 4 }])
  })

  test('identify knows the variables of the app when it is told them', () => {
    type App = { Variables: { user: string } }
    const app = new Hono<App>()
    app.use(usage<App>({ recorder: null, identify: (c) => ({ user: { id: c.get('user') } }) }))
    // @ts-expect-error the app has no such variable
    app.use(usage<App>({ recorder: null, identify: (c) => ({ user: { id: c.get('usr') } }) }))
  })

  test('an identify that throws changes nothing for the client and is unrecorded as no_user', async () => {
    const { recorder, settled } = createBooks()
    const errors: string[] = []
    const app = new Hono()
    app.use(
      usage({
        recorder,
        identify: () => {
          throw new Error('no session')
        },
        onError: ({ code }) => errors.push(code),
      }),
    )
    app.post('/v1/chat/completions', (c) => c.json(chatCompletion))

    const response = await app.request('/v1/chat/completions', post)
    expect(await response.json()).toEqual(chatCompletion)
    expect(await settled()).toEqual([])
    expect(recorder.stats().unrecorded).toEqual({ no_user: 1 })
    expect(errors).toEqual(['identify-failed'])
  })
})

describe('the endpoint', () => {
  const endpointOf = async (build: (app: Hono, recorder: ReturnType<typeof createRecorder>) => void, path: string) => {
    const { recorder, settled } = createBooks()
    const app = new Hono()
    build(app, recorder)
    await (await app.request(path, post)).text()
    return (await settled())[0]?.endpoint
  }

  test('is the pattern of the route that answered, not the path', async () => {
    const endpoint = await endpointOf((app, recorder) => {
      app.use(usage({ recorder }))
      app.post('/models/:model/chat', (c) => c.json(chatCompletion))
      app.post('*', (c) => c.notFound())
    }, '/models/secret-name/chat')
    expect(endpoint).toBe('/models/:model/chat')
  })

  test('keeps the base path of a mounted app', async () => {
    const endpoint = await endpointOf((app, recorder) => {
      app.use(usage({ recorder }))
      app.route(
        '/tenants/:tenant',
        new Hono().post('/chat', (c) => c.json(chatCompletion)),
      )
    }, '/tenants/7/chat')
    expect(endpoint).toBe('/tenants/:tenant/chat')
  })

  test('of a wildcard route is the known API route that the path ends with', async () => {
    const endpoint = await endpointOf((app, recorder) => {
      app.use(usage({ recorder }))
      app.post('/proxy/*', (c) => c.json(chatCompletion))
    }, '/proxy/openai/v1/chat/completions')
    expect(endpoint).toBe('/v1/chat/completions')
  })

  test('of a wildcard route with an unknown path is other', async () => {
    const endpoint = await endpointOf((app, recorder) => {
      app.use(usage({ recorder }))
      app.post('*', (c) => c.json(chatCompletion))
    }, '/my/own/path')
    expect(endpoint).toBe('other')
  })

  test('is the option when there is one', async () => {
    const endpoint = await endpointOf((app, recorder) => {
      app.post('/models/:model/chat', usage({ recorder, endpoint: 'tenant-chat' }), (c) => c.json(chatCompletion))
    }, '/models/m/chat')
    expect(endpoint).toBe('tenant-chat')
  })
})

describe('what Hono answers itself', () => {
  test('an error thrown in a handler is its 500, and ignored as status_5xx', async () => {
    const { recorder, settled } = createBooks()
    const app = new Hono()
    app.use(usage({ recorder }))
    app.onError((error, c) => c.text(`sorry: ${error.message}`, 500))
    app.post('/chat', () => {
      throw new Error('boom')
    })

    const response = await app.request('/chat', post)
    expect([response.status, await response.text()]).toEqual([500, 'sorry: boom'])
    expect(await settled()).toEqual([])
    expect(recorder.stats().ignored).toEqual({ status_5xx: 1 })
  })

  test('an HTTPException keeps its own response', async () => {
    const { recorder, settled } = createBooks()
    const app = new Hono()
    app.use(usage({ recorder }))
    app.post('/chat', () => {
      throw new HTTPException(429, { message: 'slow down' })
    })

    const response = await app.request('/chat', post)
    expect([response.status, await response.text()]).toEqual([429, 'slow down'])
    await settled()
    expect(recorder.stats().ignored).toEqual({ status_4xx: 1 })
  })

  test('what was used before a handler threw is still recorded', async () => {
    const { recorder, settled } = createBooks()
    const app = new Hono()
    app.use(usage({ recorder }))
    app.post('/chat', (c) => {
      c.get('usage').stamp({ model: 'm', inputTokens: 7, outputTokens: 0 })
      throw new Error('boom')
    })
    app.onError((_error, c) => c.text('sorry', 500))

    expect((await app.request('/chat', post)).status).toBe(500)
    expect(await settled()).toMatchObject([{ status: 500, inputTokens: 7, endpoint: '/chat' }])
  })

  test('what is thrown and is no Error goes on untouched, as handler_error', async () => {
    const { recorder, settled } = createBooks()
    const app = new Hono()
    app.use(usage({ recorder }))
    app.post('/chat', () => {
      throw 'a string'
    })

    await expect(app.request('/chat', post)).rejects.toBe('a string')
    await settled()
    expect(recorder.stats().ignored).toEqual({ handler_error: 1 })
  })

  test('not found is its 404, also when nothing but the middleware matched', async () => {
    const { recorder, settled } = createBooks()
    const app = new Hono()
    app.use(usage({ recorder }))
    app.notFound((c) => c.text('nowhere', 404))

    const response = await app.request('/v1/messages', post)
    expect([response.status, await response.text()]).toEqual([404, 'nowhere'])
    await settled()
    expect(recorder.stats()).toMatchObject({ requests: 1, ignored: { status_4xx: 1 } })
  })

  test('HEAD is answered without a body and is not inference', async () => {
    const { recorder, settled } = createBooks()
    const app = new Hono()
    app.use(usage({ recorder }))
    app.get('/v1/models', (c) => c.json({ data: [] }, 200, { etag: '"1"' }))

    const response = await app.request('/v1/models', { method: 'HEAD' })
    expect([response.status, response.headers.get('etag'), await response.text()]).toEqual([200, '"1"', ''])
    await settled()
    expect(recorder.stats().ignored).toEqual({ not_inference: 1 })
  })
})

describe('the response', () => {
  test('keeps its status text, every set-cookie and headers that come before and after it', async () => {
    const { recorder, settled } = createBooks()
    const app = new Hono()
    app.use(async (c, next) => {
      await next()
      c.header('x-outer', 'after')
    })
    app.use(usage({ recorder }))
    app.post('/v1/chat/completions', (c) => {
      c.header('x-inner', 'before')
      const response = new Response(JSON.stringify(chatCompletion), { status: 203, statusText: 'Told by others' })
      response.headers.set('content-type', 'application/json')
      for (const cookie of ['a=1', 'b=2; Path=/', 'c=3']) response.headers.append('set-cookie', cookie)
      return response
    })

    const response = await app.request('/v1/chat/completions', post)
    expect([response.status, response.statusText]).toEqual([203, 'Told by others'])
    expect(response.headers.getSetCookie()).toEqual(['a=1', 'b=2; Path=/', 'c=3'])
    expect(response.headers.get('x-outer')).toBe('after')
    await response.text()
    expect(await settled()).toHaveLength(1)
  })

  test('that was stamped before it was returned is the same object', async () => {
    const { recorder, settled } = createBooks()
    const sent: Response[] = []
    const app = new Hono()
    app.use(async (c, next) => {
      await next()
      sent.push(c.res)
    })
    app.use(usage({ recorder }))
    app.post('/chat', (c) => {
      stampUsage({ model: 'm', inputTokens: 1 })
      const response = c.json({})
      sent.push(response)
      return response
    })

    await app.request('/chat', post)
    expect(sent[1]).toBe(sent[0])
    expect(await settled()).toHaveLength(1)
  })

  test('is the same object when there is no recorder, and stamps are silent', async () => {
    const app = new Hono()
    const sent: Response[] = []
    app.use(async (c, next) => {
      await next()
      sent.push(c.res)
    })
    app.use(usage({ recorder: null }))
    app.post('/chat', (c) => {
      c.get('usage').stamp({ inputTokens: 1 })
      const response = c.json(chatCompletion)
      sent.push(response)
      return response
    })

    await app.request('/chat', post)
    expect(sent[1]).toBe(sent[0])
  })
})

describe('used twice', () => {
  test('for the app and for a route: the request counts once', async () => {
    const { recorder, settled } = createBooks()
    const handles: unknown[] = []
    const app = new Hono()
    app.use(usage({ recorder }))
    app.use('/v1/*', async (c, next) => {
      handles.push(c.get('usage'))
      await next()
    })
    app.post('/v1/chat/completions', usage({ recorder, endpoint: 'inner' }), (c) => {
      handles.push(c.get('usage'))
      return c.json(chatCompletion)
    })

    await (await app.request('/v1/chat/completions', post)).text()
    expect(await settled()).toMatchObject([{ endpoint: '/v1/chat/completions' }])
    expect(recorder.stats().requests).toBe(1)
    expect(handles[1]).toBe(handles[0])
  })
})

describe('the platform', () => {
  test('is kept awake, before the response is returned, until the store has the record', async () => {
    const { recorder, settled } = createBooks()
    const app = new Hono()
    app.use(usage({ recorder }))
    app.post('/v1/chat/completions', (c) => c.json(chatCompletion))
    const kept: Promise<unknown>[] = []
    const context = {
      waitUntil: (promise: Promise<unknown>) => kept.push(promise),
      passThroughOnException() {},
      props: {},
    }

    const response = await app.request('/v1/chat/completions', post, {}, context as never)
    expect(kept).toHaveLength(1)
    await response.text()
    await Promise.all([recorder.flush(), ...kept])
    expect(recorder.stats()).toMatchObject({ recorded: 1, inFlight: 0 })
    await settled()
  })
})

test('without options the process-wide recorder and the local user are used', async () => {
  const app = new Hono()
  app.use(usage())
  app.post('/v1/chat/completions', (c) => c.json(chatCompletion))
  expect(await (await app.request('/v1/chat/completions', post)).json()).toEqual(chatCompletion)
})

test('a store that always fails never reaches the client', async () => {
  const store = { ...memoryStore(), write: () => Promise.reject(new Error('disk full')) }
  const recorder = createRecorder({ store, retry: { attempts: 1 }, onError() {} })
  const app = new Hono()
  app.use(usage({ recorder }))
  app.post('/v1/chat/completions', (c) => c.json(chatCompletion))

  expect(await (await app.request('/v1/chat/completions', post)).json()).toEqual(chatCompletion)
  await recorder.close()
  expect(recorder.stats()).toMatchObject({ requests: 1, unrecorded: { record_failed: 1 }, inFlight: 0 })
})
