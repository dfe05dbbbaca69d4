import { chatCompletion, chatEvents, json, sse, streamOf } from '../support/bodies.ts'
import { thenable, throwing } from './hostile-objects.ts'
import { MARKERS } from './markers.ts'
import type { HostileInput, Scene } from './scene.ts'

type Tells = HostileInput['tells']

function input(name: string, scene: () => Scene, tells?: Tells): HostileInput {
  return { name, scene, ...(tells !== undefined && { tells }) }
}

function returning(name: string, value: unknown, tells: Tells = 'not_inference'): HostileInput {
  return input(`a handler that returns ${name}`, () => ({ handler: () => value }), tells)
}

function responding(name: string, respond: () => unknown, tells?: Tells): HostileInput {
  return input(`a handler that returns ${name}`, () => ({ handler: respond }), tells)
}

function throws(name: string, value: unknown): HostileInput {
  const handler = (): never => {
    throw value
  }
  return input(`a handler that throws ${name}`, () => ({ handler }), 'handler_error')
}

const failure = new Error(`no database at postgres://root:${MARKERS.failure}@db`)
const broken = (): never => {
  throw failure
}
const coded = Object.assign(new Error(MARKERS.failure, { cause: new Error(MARKERS.prompt) }), {
  code: `E\n${MARKERS.failure}`,
  name: `Bad\n${MARKERS.failure}`,
})
const answerLike = { status: 200, headers: { 'content-type': 'application/json' }, body: MARKERS.completion }

class OwnResponse extends Response {
  readonly extra = 'kept'
}

/** A response that says of itself what none can be. */
function lying(says: Partial<Record<keyof Response, unknown>>): Response {
  const response = sse(chatEvents())
  for (const [name, value] of Object.entries(says)) Object.defineProperty(response, name, { value })
  return response
}

class ThrowingHeaders extends Response {
  override get headers(): Headers {
    throw failure
  }
}

class TwoBodies extends Response {
  override get body(): ReadableStream<Uint8Array<ArrayBuffer>> {
    return streamOf(chatEvents()) as ReadableStream<Uint8Array<ArrayBuffer>>
  }
}

const SSE = { 'content-type': 'text/event-stream' }

async function used(): Promise<Response> {
  const response = json(chatCompletion())
  await response.text()
  return response
}

function locked(): Response {
  const response = sse(chatEvents())
  response.body?.getReader()
  return response
}

const erroredBody = (error: unknown) => () =>
  new Response(new ReadableStream({ start: (controller) => controller.error(error) }), { headers: SSE })

function halfRead(): Promise<Response> {
  const response = sse(chatEvents())
  const reader = response.body?.getReader()
  return Promise.resolve(reader?.read()).then(() => {
    reader?.releaseLock()
    return response
  })
}

const values: HostileInput[] = [
  returning('undefined', undefined),
  returning('null', null),
  returning('a string', MARKERS.completion),
  returning('a number', 200),
  returning('a symbol', Symbol.iterator),
  returning('a bigint', 5n),
  returning('a function', () => new Response()),
  returning('a plain object', {}),
  returning('what looks like a response', answerLike, 'no_usage'),
  returning(
    'what looks like a response, with a stream',
    { status: 200, headers: new Headers(SSE), body: streamOf(chatEvents()) },
    'no_usage',
  ),
  returning('a response without headers', { status: 200, body: {} }, 'no_usage'),
  returning('a status that is no number', { status: Number.NaN, headers: new Headers(), body: null }, undefined),
  returning('a frozen object', Object.freeze({ status: 500 }), 'status_5xx'),
  returning('an object that throws at every look', throwing(failure), 'handler_error'),
  returning('an array', [new Response()]),
  returning('an error that it does not throw', failure),
]

const responses: HostileInput[] = [
  responding('a used body', used, 'no_usage'),
  responding('a locked body', locked, 'no_usage'),
  responding('a body of which a part was read', halfRead, undefined),
  responding('a body that has broken already', erroredBody(failure), 'failed'),
  responding('a body that has broken with nothing', erroredBody(undefined), 'failed'),
  responding('Response.error()', () => Response.error(), 'not_inference'),
  responding('Response.redirect()', () => Response.redirect(`https://llm.test/?key=${MARKERS.query}`), 'status_3xx'),
  responding('Response.json()', () => Response.json(chatCompletion()), [[9, 5]]),
  responding('no body', () => new Response(null), 'not_inference'),
  responding('an empty body', () => new Response(''), 'no_usage'),
  responding('status 204', () => new Response(null, { status: 204 }), 'not_inference'),
  responding('an error page that tells a secret', () => new Response(MARKERS.failure, { status: 500 }), 'status_5xx'),
  responding('a status beyond all', () => lying({ status: 999 }), 'status_5xx'),
  responding('a status below all', () => lying({ status: -1 }), 'not_inference'),
  responding('a body under a status that has none', () => lying({ status: 205 }), 'no_usage'),
  responding(
    'a status text of two lines',
    () => lying({ statusText: `OK\r\nset-cookie: ${MARKERS.cookie}` }),
    'no_usage',
  ),
  responding('a body that is none', () => lying({ body: {} }), 'no_usage'),
  responding('headers that throw', () => new ThrowingHeaders('{}')),
  responding('another body at each look', () => new TwoBodies('x', { headers: SSE })),
  responding('a Response subclass', () => new OwnResponse(streamOf(chatEvents()), { headers: SSE }), [[9, 5]]),
  responding(
    'a Response subclass with JSON',
    () => new OwnResponse(JSON.stringify(chatCompletion()), { headers: { 'content-type': 'application/json' } }),
    [[9, 5]],
  ),
  responding('a promise of a promise', () => Promise.resolve(Promise.resolve(json(chatCompletion()))), [[9, 5]]),
  responding(
    'a thenable',
    () => thenable((resolve: (response: Response) => void) => resolve(json(chatCompletion())), {}),
    [[9, 5]],
  ),
  responding('a thenable that throws', () => thenable(broken, {}), 'handler_error'),
  responding('a clone', () => json(chatCompletion()).clone(), [[9, 5]]),
]

const thrown: HostileInput[] = [
  throws('an error that tells a secret', failure),
  throws('an error whose code and name are lines of their own', coded),
  throws('undefined', undefined),
  throws('null', null),
  throws('a string', MARKERS.failure),
  throws('a response', Response.json({ error: MARKERS.failure }, { status: 401 })),
  throws('an object that throws at every look', throwing(failure)),
  throws('a symbol', Symbol.for(MARKERS.failure)),
  throws('a frozen error', Object.freeze(new Error(MARKERS.failure))),
]

/** A request that answers only some questions. */
function hostileRequest(broken: readonly string[], error: unknown = failure): () => Request {
  return () =>
    new Proxy(new Request(`https://llm.test/v1/chat/completions?${MARKERS.query}`, { method: 'POST' }), {
      get(target, name) {
        if (broken.includes(String(name))) throw error
        const value = Reflect.get(target, name, target) as unknown
        return typeof value === 'function' ? value.bind(target) : value
      },
    })
}

function requesting(name: string, request: () => Request, tells: Tells = [[9, 5]]): HostileInput[] {
  return [
    input(`a request ${name}`, () => ({ handler: () => json(chatCompletion()), request }), tells),
    input(`a request ${name}, for a stream`, () => ({ handler: () => sse(chatEvents()), request }), tells),
    input(
      `a request ${name}, for an error`,
      () => ({ handler: () => json({}, { status: 401 }), request }),
      'status_4xx',
    ),
  ]
}

const brokenSignals = { aborted: 'maybe', reason: MARKERS.prompt }
const plain =
  (fields: object): (() => Request) =>
  () =>
    fields as Request

const requests: HostileInput[] = [
  ...requesting('whose url throws', hostileRequest(['url'])),
  ...requesting('whose method throws', hostileRequest(['method'])),
  ...requesting('whose headers throw', hostileRequest(['headers'])),
  ...requesting('whose signal throws', hostileRequest(['signal'])),
  ...requesting('that throws at every look', hostileRequest(['url', 'method', 'headers', 'signal'])),
  ...requesting('that throws undefined', hostileRequest(['url', 'headers'], undefined)),
  ...requesting('that is undefined', plain(undefined as never)),
  ...requesting('that is null', plain(null as never)),
  ...requesting('that is a string', plain('https://llm.test' as never)),
  ...requesting('without headers', plain({ url: 'https://llm.test/v1/chat/completions', method: 'POST' })),
  ...requesting(
    'with headers of another kind',
    plain({ url: '/v1/chat/completions', method: 'POST', headers: { 'x-request-id': 'a' } }),
  ),
  ...requesting(
    'whose fields are of the wrong type',
    plain({ url: 5, method: { toString: null }, headers: 'none', signal: brokenSignals }),
  ),
  ...requesting(
    'whose headers give what is no text',
    plain({ url: '/', method: 'POST', headers: { get: () => ({}) } }),
  ),
  ...requesting(
    'whose headers throw when asked',
    plain({ url: '/', method: 'POST', headers: { get: hostileRequest(['url']) as never } }),
  ),
]

export const handlers: readonly HostileInput[] = [...values, ...responses, ...thrown, ...requests]
