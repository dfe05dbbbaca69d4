import { chatCompletion, chatEvents, json, sse } from '../support/bodies.ts'
import { MARKERS, markedRequest } from './markers.ts'
import type { HostileInput, Scene } from './scene.ts'

const HUGE = 'h'.repeat(100_000)
const LINES = `one\r\n${' '.repeat(4)}two\u0000\u001b[31m\u0085\u2028[withusage] forged [internal]`
/** What a header may carry of it. */
const HEADER_LINES = 'one\u0085two\u009b31m\u007f'.replaceAll('\u007f', '')

type Tells = HostileInput['tells']

function input(name: string, scene: () => Scene, tells: Tells = [[9, 5]]): HostileInput {
  return { name, scene, tells }
}

const answer = (): Response => json(chatCompletion())

const responses: HostileInput[] = [
  ...['content-type', 'content-encoding', 'x-correlation-id', 'set-cookie', 'server', 'x-zq'].map((name) =>
    input(`a response header of 100 KB: ${name}`, () => ({
      handler: () => json(chatCompletion(), { headers: { 'content-type': 'application/json', [name]: HUGE } }),
    })),
  ),
  input('a correlation id with control characters', () => ({
    handler: () => json(chatCompletion(), { headers: { 'x-correlation-id': HEADER_LINES } }),
  })),
  input('a thousand set-cookie headers', () => ({
    handler: () => {
      const response = answer()
      for (let at = 0; at < 1_000; at++) response.headers.append('set-cookie', `c${at}=${MARKERS.cookie}; Path=/`)
      return response
    },
  })),
  input('a content type that is none', () => ({ handler: () => sse(chatEvents(), { 'content-type': ';;;/=,"' }) })),
  input('a content type that lies', () => ({
    handler: () => sse(chatEvents(), { 'content-type': 'application/json' }),
  })),
  input('an unknown status text', () => ({
    handler: () =>
      new Response(JSON.stringify(chatCompletion()), {
        status: 299,
        statusText: 'Ünusual',
        headers: { 'content-type': 'application/json' },
      }),
  })),
]

const requests: HostileInput[] = [
  ...['x-correlation-id', 'x-request-id', 'traceparent', 'user-agent', 'content-type', 'authorization'].map((name) =>
    input(`a request header of 100 KB: ${name}`, () => ({
      handler: answer,
      request: () => markedRequest(undefined, { [name]: HUGE }),
    })),
  ),
  input('a request id with control characters', () => ({
    handler: answer,
    request: () => markedRequest(undefined, { 'x-request-id': HEADER_LINES }),
  })),
  input('a traceparent of another version that goes on for 100 KB', () => ({
    handler: answer,
    request: () => markedRequest(undefined, { traceparent: `01-${'ab'.repeat(16)}-${'cd'.repeat(8)}-01-${HUGE}` }),
  })),
  input('a path of 100 KB', () => ({ handler: answer, request: () => markedRequest(`/${HUGE}/v1/chat/completions`) })),
  input('a path of slashes', () => ({ handler: answer, request: () => markedRequest(`${'/'.repeat(50_000)}`) })),
  input('a path of models', () => ({ handler: answer, request: () => markedRequest(`${'/model/'.repeat(10_000)}`) })),
  input('a model in the path with line breaks', () => ({
    handler: answer,
    request: () => markedRequest('/v1beta/models/a%0D%0Ab%00%1B%E2%80%A8:generateContent'),
  })),
  input('a model in the path that is no UTF-8', () => ({
    handler: answer,
    request: () => markedRequest('/v1beta/models/%ff%fe%:generateContent'),
  })),
  input('a method of its own', () => ({
    handler: answer,
    request: () =>
      new Request(`https://llm.test/v1/chat/completions?${MARKERS.query}`, {
        method: 'ZQ\u007eX'.replace('\u007e', ''),
      }),
  })),
]

const names: HostileInput[] = [
  ...(['model', 'id', 'service_tier', 'object', 'system_fingerprint'] as const).flatMap((field) => [
    input(`line breaks in ${field}`, () => ({
      handler: () => json(chatCompletion({ [field]: field === 'object' ? `chat.completion${LINES}` : LINES })),
    })),
    input(`8 MB in ${field}`, () => ({
      handler: () =>
        json(
          chatCompletion({
            [field]: field === 'object' ? `chat.completion${'m'.repeat(7_000_000)}` : 'm'.repeat(7_000_000),
          }),
        ),
    })),
    input(`lone surrogates in ${field}`, () => ({
      handler: () =>
        json(chatCompletion({ [field]: field === 'object' ? 'chat.completion\ud800' : '\ud800'.repeat(300) })),
    })),
  ]),
  input('users, keys, projects and tags with line breaks', () => ({
    handler: answer,
    options: {
      identify: () => ({
        user: { id: LINES, name: LINES },
        source: LINES,
        apiKey: { id: LINES, name: LINES },
        project: { id: LINES },
        tags: { [LINES]: LINES, plain: '\n' },
      }),
    },
  })),
  input('an endpoint with line breaks', () => ({ handler: answer, options: { endpoint: LINES } })),
  input('a route with line breaks', () => ({ handler: answer, options: { route: () => LINES } })),
]

export const heads: readonly HostileInput[] = [...responses, ...requests, ...names]
