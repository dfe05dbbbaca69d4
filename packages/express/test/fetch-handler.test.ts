import { withUsage } from '@withusage/core'
import { createBooks } from '@withusage/testing'
import type { ErrorRequestHandler, RequestHandler } from 'express'
import { describe, expect, it, vi } from 'vitest'
import { type FetchHandler, toExpress } from '../src/index.ts'
import { toNodeHandler, usage } from '../src/node.ts'
import { completion, EVENTS, EXPRESS, type Handler, listen, open, send } from './support/serve.ts'

const PATH = '/v1/chat/completions'

/** What Express does with an error that reaches it. */
const apologise: ErrorRequestHandler = (error, _request, response, _next) => response.status(500).send(error.message)

type Meter = ReturnType<typeof usage>

/** @param beside sees each request, too, once the handler is at work */
type Serve = (handler: FetchHandler, beside?: Handler) => Promise<string>

/** @param metered stands before the handler */
type ServeMetered = (metered: Meter, handler: FetchHandler) => Promise<string>

const BRIDGES: [name: string, serve: Serve, serveMetered: ServeMetered][] = [
  [
    'toNodeHandler',
    (handler, beside) => {
      const listener = toNodeHandler(handler)
      return listen((request, response) => {
        listener(request, response)
        beside?.(request, response)
      })
    },
    (metered, handler) => {
      const listener = toNodeHandler(handler)
      return listen((request, response) => metered(request, response, () => listener(request, response)))
    },
  ],
  ...EXPRESS.map(([name, express]): [string, Serve, ServeMetered] => [
    `toExpress in ${name}`,
    (handler, beside) =>
      listen(
        express()
          .use((request, response, next) => {
            next()
            beside?.(request, response)
          })
          .use('/v1', express.Router().use(toExpress(handler) as RequestHandler))
          .use(apologise),
      ),
    (metered, handler) => listen(express().use(metered as RequestHandler, toExpress(handler) as RequestHandler)),
  ]),
]

const events = { headers: { 'content-type': 'text/event-stream' } }
const encoder = new TextEncoder()

/** A stream that says a word and then nothing, and what it was cancelled with. */
function endless() {
  const cancelled = Promise.withResolvers<void>()
  const body = new ReadableStream({
    start: (controller) => controller.enqueue(encoder.encode(EVENTS[0])),
    cancel: () => cancelled.resolve(),
  })
  return { response: new Response(body, events), cancelled: cancelled.promise }
}

describe.each(BRIDGES)('%s', (_name, serve, serveMetered) => {
  it('gives the handler the request, whole', async () => {
    const seen: unknown[] = []
    const url = await serve(async (request) => {
      seen.push(request.method, new URL(request.url).pathname, request.headers.get('x-one'), await request.text())
      return new Response('ok')
    })
    await send(`${url}${PATH}?x=1`, { headers: { 'x-one': '1' }, body: 'grüß dich' })
    expect(seen).toEqual(['POST', PATH, '1', 'grüß dich'])
  })

  it('sends status, reason, each cookie and the bytes', async () => {
    const headers: [string, string][] = [
      ['set-cookie', 'a=1'],
      ['set-cookie', 'b=2'],
    ]
    const url = await serve(() => new Response('hi', { status: 201, headers }))
    const answer = await send(`${url}${PATH}`)
    expect(answer).toMatchObject({ status: 201, body: 'hi', headers: { 'set-cookie': ['a=1', 'b=2'] } })
  })

  it('with a metered handler leaves a record', async () => {
    const { recorder, settled } = createBooks()
    const url = await serve(withUsage(() => Response.json(completion), { recorder }))
    expect(JSON.parse(Buffer.from((await send(`${url}${PATH}`)).body, 'latin1').toString())).toEqual(completion)
    expect(await settled()).toMatchObject([{ endpoint: PATH, inputTokens: 9, outputTokens: 5, outcome: 'complete' }])
  })

  it('cancels the body of a client that leaves', async () => {
    const { response, cancelled } = endless()
    const url = await serve(() => response)
    ;(await open(`${url}${PATH}`)).destroy()
    await cancelled
  })

  it('cancels the body of a client that has left before there was one', async () => {
    const { response, cancelled } = endless()
    const aborted = Promise.withResolvers<void>()
    const url = await serve(async (request) => {
      request.signal.addEventListener('abort', () => aborted.resolve())
      gone.abort()
      await aborted.promise
      return response
    })
    const gone = new AbortController()
    await fetch(`${url}${PATH}`, { method: 'POST', signal: gone.signal }).catch(() => {})
    await cancelled
  })

  it('tells a middleware that meters of an answer that comes when its client has left', async () => {
    const { response, cancelled } = endless()
    const { recorder, settled } = createBooks()
    const left = Promise.withResolvers<void>()
    const gone = new AbortController()
    const url = await serveMetered(usage({ recorder }), async (request) => {
      request.signal.addEventListener('abort', () => left.resolve())
      gone.abort()
      await left.promise
      return response
    })
    await fetch(`${url}${PATH}`, { method: 'POST', signal: gone.signal }).catch(() => {})
    await cancelled
    expect(await settled()).toEqual([])
    expect(recorder.stats()).toMatchObject({ requests: 1, unrecorded: { cancelled: 1 } })
  })

  it('cancels the body of a client that was answered by somebody else', async () => {
    const { response, cancelled } = endless()
    const closed = Promise.withResolvers<void>()
    const handler: FetchHandler = async () => {
      await closed.promise
      return response
    }
    const url = await serve(handler, (_request, outgoing) => {
      outgoing.on('close', closed.resolve)
      outgoing.writeHead(503).end('too late')
    })
    expect(await send(`${url}${PATH}`)).toMatchObject({ status: 503, body: 'too late' })
    await cancelled
  })

  it('answers 500 when the handler throws', async () => {
    const print = vi.spyOn(console, 'error').mockImplementation(() => {})
    const url = await serve(() => {
      throw new Error('no model')
    })
    expect((await send(`${url}${PATH}`)).status).toBe(500)
    print.mockRestore()
  })

  it('breaks the connection when the body breaks: a part never looks whole', async () => {
    const print = vi.spyOn(console, 'error').mockImplementation(() => {})
    const words = [EVENTS[0]]
    const broken = new ReadableStream({
      pull(controller) {
        const word = words.shift()
        if (word === undefined) controller.error(new Error('the model is gone'))
        else controller.enqueue(encoder.encode(word))
      },
    })
    const url = await serve(() => new Response(broken, events))
    await expect(send(`${url}${PATH}`)).rejects.toThrow(/aborted|hang up/)
    print.mockRestore()
  })
})
