import { pathOf } from './endpoint.ts'
import type { ExchangeRequest } from './exchange.ts'
import { modelInPath } from './requested-model.ts'

/** The arguments of `fetch`. */
export type FetchArgs = [input: string | URL | Request, init?: RequestInit]

/** What metering needs of a call of `fetch`. Its body is neither read nor held. */
export function outgoingRequest([input, init]: FetchArgs): ExchangeRequest {
  const request = requestOf(input)
  const given = init?.headers ?? request?.headers
  let headers: Headers | undefined
  return {
    method: (init?.method ?? request?.method ?? 'GET').toUpperCase(),
    url: request?.url ?? String(input),
    headers: {
      get(name) {
        headers ??= new Headers(given)
        return headers.get(name)
      },
    },
  }
}

/** What may end the call; `null` when nothing may. */
export function signalOf([input, init]: FetchArgs): AbortSignal | null {
  return (init?.signal !== undefined ? init.signal : requestOf(input)?.signal) ?? null
}

function requestOf(input: FetchArgs[0]): Request | null {
  return typeof input === 'object' && 'url' in input ? input : null
}

/** Longest body that is looked at, in UTF-16 units: a longer one is mostly images, and takes time. */
const MAX_BODY_LENGTH = 65_536

/** Asks the call once for its model, and holds its body no longer than that. */
export function modelQuestion(args: FetchArgs): () => string | null {
  let asked: FetchArgs | null = args
  return () => {
    const model = asked && requestedModelOf(asked)
    asked = null
    return model
  }
}

/** The URL's word, else that of a JSON body that is given as a text. `null` when neither says. */
function requestedModelOf([input, init]: FetchArgs): string | null {
  return modelInPath(pathOf(requestOf(input)?.url ?? String(input))) ?? modelInBody(init?.body)
}

function modelInBody(body: unknown): string | null {
  if (typeof body !== 'string' || body.length > MAX_BODY_LENGTH || !body.includes('"model"')) return null
  try {
    const { model } = JSON.parse(body)
    return typeof model === 'string' && model !== '' ? model : null
  } catch {
    return null
  }
}
