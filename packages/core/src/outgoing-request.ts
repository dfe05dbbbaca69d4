import type { ExchangeRequest } from './exchange.ts'

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
