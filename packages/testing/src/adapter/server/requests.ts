import { completion, EVENT_STREAM, produce, stamp, word } from './bodies.ts'
import type { Handlers } from './handler.ts'

/** Handlers for which the request matters. */
export const requests = {
  /** Never looks at the request's body. */
  unread: () => {
    stamp({ model: 'qwen-7b', inputTokens: 21, outputTokens: 3 })
    return Response.json(completion(null))
  },

  echo: (request) => new Response(request.body, { headers: { 'content-type': 'application/octet-stream' } }),

  /** Says and stamps the tokens that the request names. */
  own: (request) => {
    const tokens = tokensOf(request)
    stamp({ model: 'qwen-7b', inputTokens: tokens, outputTokens: 1 })
    return Response.json({ tokens })
  },

  /** The same object for all requests of one side of a scenario. */
  again: (request) => {
    const side = (request.headers.get('x-request-id') ?? '').replace(/\.\d+$/, '')
    const answer = answersGiven.get(side) ?? Response.json(completion())
    answersGiven.set(side, answer)
    return answer
  },

  /** As `own`, but waits for its release before it answers, and stamps in the middle of a stream. */
  'own-late': async (request, run) => {
    const tokens = tokensOf(request)
    await run.released
    const body = produce(run, (index) => {
      if (index === 1) stamp({ model: 'qwen-7b', inputTokens: tokens, outputTokens: 1 })
      return index < 3 ? word(`${tokens}`) : null
    })
    return new Response(body, { headers: EVENT_STREAM })
  },

  /** Sends on what the upstream that the request names sends, as proxies do. */
  relay: async (request) => relayed(await fetch(upstreamOf(request), { method: 'POST' })),

  /** As `relay`, and gives up its call when the request's signal aborts. */
  'relay-aborting': async (request) =>
    relayed(await fetch(upstreamOf(request), { method: 'POST', signal: request.signal })),
} satisfies Handlers

const answersGiven = new Map<string, Response>()

function tokensOf(request: Request): number {
  return Number(request.headers.get('x-tokens'))
}

const upstreamOf = (request: Request): string => request.headers.get('x-upstream') ?? ''

function relayed({ body, status }: Response): Response {
  return new Response(body, { status, headers: EVENT_STREAM })
}
