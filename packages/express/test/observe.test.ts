import type { IncomingMessage, ServerResponse } from 'node:http'
import type { OpenExchange } from '@withusage/core/adapter-kit'
import { createBooks } from '@withusage/testing'
import { describe, expect, it, vi } from 'vitest'
import { usage } from '../src/node.ts'
import { observe } from '../src/observe.ts'
import { completion, EVENTS, type Handler, listen, open, send } from './support/serve.ts'

const json = JSON.stringify(completion)
const half = Math.floor(json.length / 2)

/** Serves a handler twice: bare, and metered. */
async function serve(handler: Handler) {
  const books = createBooks()
  const metered = usage({ recorder: books.recorder })
  const bare = await listen(handler)
  const url = await listen((request, response) => metered(request, response, () => handler(request, response)))
  return { ...books, bare: `${bare}/v1/chat/completions`, url: `${url}/v1/chat/completions` }
}

/** The head that every one of these sets in its own way. */
const typed = (response: ServerResponse): ServerResponse => response.setHeader('content-type', 'application/json')

/** Every way in which `node:http` lets a handler write. */
const WAYS: Record<string, (response: ServerResponse) => unknown> = {
  'end(text)': (response) => typed(response).end(json),
  'end(bytes)': (response) => typed(response).end(Buffer.from(json)),
  'end(text, callback)': (response) => typed(response).end(json, () => {}),
  'end(text, encoding)': (response) => typed(response).end(Buffer.from(json).toString('base64'), 'base64'),
  'end(text, encoding, callback)': (response) =>
    typed(response).end(Buffer.from(json).toString('hex'), 'hex', () => {}),
  'write(text), end()': (response) => {
    typed(response).write(json)
    response.end()
  },
  'write(bytes), write(text, encoding), end(text)': (response) => {
    typed(response).write(Buffer.from(json.slice(0, 10)))
    response.write(Buffer.from(json.slice(10, half)).toString('base64'), 'base64')
    response.end(json.slice(half))
  },
  'write(Uint8Array, callback), end(callback)': (response) => {
    typed(response).write(new TextEncoder().encode(json), () => response.end(() => {}))
  },
  'latin1 text': (response) => typed(response).end(Buffer.from(json).toString('latin1'), 'latin1'),
  'writeHead(status, headers)': (response) =>
    response.writeHead(200, { 'Content-Type': 'application/json', 'x-correlation-id': 'c-1' }).end(json),
  'writeHead(status, reason, headers)': (response) =>
    response.writeHead(200, 'Fine', { 'content-type': 'application/json' }).end(json),
  'writeHead(status, list of names and values)': (response) =>
    response.writeHead(200, ['content-type', 'application/json', 'set-cookie', 'a=1', 'set-cookie', 'b=2']).end(json),
  'writeHead over headers set before': (response) => {
    response.setHeader('content-type', 'text/plain')
    response.setHeader('set-cookie', ['a=1', 'b=2; HttpOnly'])
    response.writeHead(200, { 'content-type': 'application/json' }).end(json)
  },
  'flushHeaders, then end': (response) => {
    typed(response).flushHeaders()
    response.end(json)
  },
  'cork, write, uncork': (response) => {
    typed(response).cork()
    response.write(json.slice(0, half))
    response.write(json.slice(half))
    response.uncork()
    response.end()
  },
  'content-length set': (response) => {
    typed(response).setHeader('content-length', Buffer.byteLength(json))
    response.end(json)
  },
}

describe('What a handler writes', () => {
  it.each(Object.keys(WAYS))('%s arrives as unwrapped, and is recorded', async (way) => {
    const { bare, url, settled, errors } = await serve((_request, response) => WAYS[way]?.(response))
    const [expected, got] = [await send(bare), await send(url)]
    expect({ ...got, headers: { ...got.headers, date: [] } }).toEqual({
      ...expected,
      headers: { ...expected.headers, date: [] },
    })
    expect(await settled()).toMatchObject([
      { outcome: 'complete', status: 200, inputTokens: 9, outputTokens: 5, endpoint: '/v1/chat/completions' },
    ])
    expect(errors).toEqual([])
  })

  it('gets back what the response answers: callbacks, back-pressure and errors', async () => {
    const heard: Record<string, unknown[]> = {}
    const { bare, url, settled } = await serve(async (request, response) => {
      const seen: unknown[] = []
      heard[request.headers.host ?? ''] = seen
      const attempt = (write: () => unknown): void => {
        try {
          seen.push(write())
        } catch (error) {
          seen.push((error as NodeJS.ErrnoException).code)
        }
      }
      response.on('error', (error: NodeJS.ErrnoException) => seen.push(error.code))
      attempt(() => typed(response).write('{', (error) => seen.push(['written', error ?? null])))
      attempt(() => response.write(`"x":"${'x'.repeat(1 << 20)}"`))
      attempt(() => response.write(null as never))
      attempt(() => response.end(7 as never))
      attempt(() => response.end('}', () => seen.push('ended')) === response)
      attempt(() => response.write('late'))
      attempt(() => response.writeHead(500))
    })
    await send(bare)
    await send(url)
    await settled()
    const [expected, got] = Object.values(heard)
    expect(expected).toHaveLength(10)
    expect(got).toEqual(expected)
  })

  it.each([
    ['names that are none', [Symbol('x'), 'y']],
    ['pairs that are none', [['content-type', 'application/json'], 7]],
    ['a list of odd length', ['content-type']],
  ])('is refused as unwrapped: writeHead with %s', async (_, headers) => {
    const heard: unknown[] = []
    const { bare, url, settled } = await serve((_request, response) => {
      try {
        response.writeHead(200, headers as never)
      } catch (error) {
        heard.push((error as Error).message)
      }
      response.end()
    })
    await send(bare).catch(() => {})
    await send(url).catch(() => {})
    await settled()
    const [expected = 'nothing', got = 'nothing'] = heard
    expect(got).toBe(expected)
  })

  it('after its end counts no second time', async () => {
    const { url, settled } = await serve((_request, response) => {
      response.on('error', () => {})
      typed(response).end(json)
      response.end(json)
      response.write(json)
    })
    expect((await send(url)).body).toHaveLength(Buffer.byteLength(json))
    expect(await settled()).toMatchObject([{ inputTokens: 9 }])
  })

  it('is asked for when its client has made room', async () => {
    const asked = Promise.withResolvers<void>()
    const exchange = { answer: () => true, asked: asked.resolve, chunk() {}, end() {} } as Partial<OpenExchange>
    const url = await listen((_request, response) => {
      observe(response, exchange as OpenExchange)
      response.write(Buffer.alloc(16 << 20))
    })
    const incoming = await open(url)
    incoming.resume()
    await asked.promise
    incoming.destroy()
  })

  it('to a client that is slow waits as unwrapped', async () => {
    const written = { bare: 0, metered: 0 }
    const { bare, url, recorder } = await serve((request, response) => {
      const which = request.headers.host === new URL(bare).host ? 'bare' : 'metered'
      const chunk = Buffer.alloc(1 << 20, 'x')
      const more = (): void => {
        for (;;) {
          written[which]++
          if (!response.write(chunk)) break
        }
      }
      response.on('drain', more)
      more()
    })
    const full = async (from: string, which: 'bare' | 'metered'): Promise<void> => {
      const incoming = await open(from)
      let before = -1
      await vi.waitFor(
        () => {
          const still = before === written[which]
          before = written[which]
          if (!still) throw new Error('still writing')
        },
        { interval: 200, timeout: 10_000 },
      )
      incoming.destroy()
    }
    await full(bare, 'bare')
    await full(url, 'metered')
    expect(written.metered).toBeLessThan(64)
    expect(Math.abs(written.metered - written.bare)).toBeLessThanOrEqual(8)
    await vi.waitFor(() => expect(recorder.stats().inFlight).toBe(0))
  })
})

describe('The headers of a response', () => {
  it.each<[string, unknown]>([
    ['an object', { 'X-Correlation-Id': 'c-1' }],
    ['a list of names and values', ['X-Correlation-Id', 'c-1']],
    ['a list of pairs', [['X-Correlation-Id', 'c-1']]],
  ])('are known when writeHead was given %s', async (_, headers) => {
    const { url, settled } = await serve((_request, response) => response.writeHead(200, headers as never).end(json))
    await send(url)
    expect(await settled()).toMatchObject([{ correlationId: 'c-1', inputTokens: 9 }])
  })
})

describe('The body of a request', () => {
  it('waits for the handler, however late that reads it', async () => {
    const { bare, url, settled } = await serve(async (request, response) => {
      const flowing = request.readableFlowing
      await new Promise((resolve) => setTimeout(resolve, 20))
      const chunks: Buffer[] = []
      for await (const chunk of request) chunks.push(chunk)
      response.end(`${flowing} ${Buffer.concat(chunks)}`)
    })
    const [expected, got] = [await send(bare, { body: 'Hello' }), await send(url, { body: 'Hello' })]
    expect(expected.body).toBe('null Hello')
    expect(got.body).toBe(expected.body)
    await settled()
  })
})

describe('How a response ends', () => {
  it('read to its end, it is complete', async () => {
    const { url, settled } = await serve((_request, response) => {
      response.setHeader('content-type', 'text/event-stream')
      for (const event of EVENTS) response.write(event)
      response.end()
    })
    await send(url)
    expect(await settled()).toMatchObject([{ outcome: 'complete', streamed: true, final: true, outputTokens: 5 }])
  })

  it('left by its client, it is cancelled, and the handler hears of it', async () => {
    const closed = Promise.withResolvers<void>()
    const { url, settled, recorder } = await serve((_request, response) => {
      response.on('close', closed.resolve)
      response.setHeader('content-type', 'text/event-stream')
      for (const event of EVENTS.slice(0, 3)) response.write(event)
    })
    ;(await open(url)).once('data', function (this: IncomingMessage) {
      this.destroy()
    })
    await closed.promise
    expect(await settled()).toMatchObject([{ outcome: 'cancelled', inputTokens: 9 }])
    expect(recorder.stats()).toMatchObject({ requests: 1, recorded: 1 })
  })

  it('left while idle, before any usage, it is unrecorded', async () => {
    const { url, settled, recorder } = await serve((_request, response) => {
      response.setHeader('content-type', 'text/event-stream').flushHeaders()
    })
    ;(await open(url)).destroy()
    expect(await settled()).toEqual([])
    expect(recorder.stats()).toMatchObject({ unrecorded: { cancelled: 1 } })
  })

  it('given up by the server, it has failed', async () => {
    const ways: ((response: ServerResponse) => unknown)[] = [
      (response) => response.socket?.destroy(),
      (response) => response.destroy(),
      (response) => response.destroy(new Error('the model is gone')),
    ]
    for (const giveUp of ways) {
      const { url, settled } = await serve((_request, response) => {
        response.on('error', () => {})
        response.setHeader('content-type', 'text/event-stream')
        for (const event of EVENTS.slice(0, 3)) response.write(event)
        setImmediate(() => giveUp(response))
      })
      await send(url).catch(() => {})
      expect(await settled()).toMatchObject([{ outcome: 'failed', inputTokens: 9 }])
    }
  })

  it('by a handler that throws, it is ignored, and the error is the server’s', async () => {
    const books = createBooks()
    const metered = usage({ recorder: books.recorder })
    const url = await listen((request, response) => {
      try {
        metered(request, response, () => {
          throw new Error('no model')
        })
      } catch (error) {
        response.writeHead(503).end((error as Error).message)
      }
    })
    expect(await send(url)).toMatchObject({ status: 503, body: 'no model' })
    expect(await books.settled()).toEqual([])
    expect(books.recorder.stats()).toMatchObject({ ignored: { handler_error: 1 } })
  })

  it('by a handler that rejects, it is ignored, and whoever called has the rejection', async () => {
    const books = createBooks()
    const metered = usage({ recorder: books.recorder })
    const url = await listen(async (request, response) => {
      try {
        await metered(request, response, () => Promise.reject(new Error('no model')))
      } catch (error) {
        response.writeHead(503).end((error as Error).message)
      }
    })
    expect(await send(url)).toMatchObject({ status: 503, body: 'no model' })
    expect(await books.settled()).toEqual([])
    expect(books.recorder.stats()).toMatchObject({ ignored: { handler_error: 1 } })
  })

  it.each([
    ['HEAD', 200, 'not_inference'],
    ['OPTIONS', 200, 'not_inference'],
    ['POST', 204, 'not_inference'],
    ['POST', 304, 'not_inference'],
    ['POST', 302, 'status_3xx'],
    ['POST', 404, 'status_4xx'],
    ['POST', 500, 'status_5xx'],
    ['GET', 200, 'not_inference'],
  ])('%s with status %d is ignored: %s', async (method, status, reason) => {
    const { bare, url, recorder, settled } = await serve((_request, response) => response.writeHead(status).end())
    const [expected, got] = [await send(bare, { method }), await send(url, { method })]
    expect(got.status).toBe(expected.status)
    expect(got.body).toBe(expected.body)
    await settled()
    expect(recorder.stats()).toMatchObject({ requests: 1, ignored: { [reason]: 1 } })
  })

  it('on one connection, request after request, each has its own account', async () => {
    const { url, settled } = await serve((request, response) => {
      const text = JSON.stringify({ ...completion, usage: { prompt_tokens: Number(request.headers['x-n']) } })
      typed(response).end(text)
    })
    for (const number of [1, 2, 3]) await send(url, { headers: { 'x-n': `${number}` } })
    expect((await settled()).map(({ inputTokens }) => inputTokens).sort()).toEqual([1, 2, 3])
  })
})
