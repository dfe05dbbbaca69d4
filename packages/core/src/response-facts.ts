import type { ExchangeResponse } from './exchange.ts'
import { meterOfBody } from './fetch-response.ts'
import type { Meter } from './types.ts'
import { holdsWhole } from './whole-body.ts'

/** The body, if it is a web stream that nobody has begun to read; of what only looks like a response, none. */
export function unreadBody(response: Response): ReadableStream<Uint8Array> | null {
  if (!(response instanceof Response) && Object.prototype.toString.call(response) !== '[object Response]') return null
  const { body } = response
  return typeof body?.getReader === 'function' && !body.locked && !response.bodyUsed ? body : null
}

/**
 * Some frameworks take something else for an upgrade, and a handler may return anything: it has no head that counts.
 * The body is not looked at before `hasBody` is asked: servers send a body that nobody touched in their own, faster way.
 */
export function headOf(response: Response | undefined): ExchangeResponse {
  try {
    if (typeof response?.status !== 'number') return noHead()
    const { status, headers } = response
    const known = Object.prototype.toString.call(headers) === '[object Headers]'
    return new Head(response, status, known ? headers : new Headers())
  } catch {
    return noHead()
  }
}

/** The head of a response that is one. */
class Head implements ExchangeResponse {
  readonly status: number
  readonly headers: Headers
  readonly #response: Response

  constructor(response: Response, status: number, headers: Headers) {
    this.status = status
    this.headers = headers
    this.#response = response
  }

  get hasBody(): boolean {
    return hasBody(this.#response)
  }

  get readAs(): Meter | null {
    return holdsWhole(this.#response) ? null : meterOfBody(this.#response.body)
  }
}

function hasBody(response: Response): boolean {
  try {
    const upgrade = 'webSocket' in response && Boolean(response.webSocket)
    return !upgrade && (holdsWhole(response) || response.body !== null)
  } catch {
    return false
  }
}

/** Made when it is needed: in Node the first `Headers` loads all of its fetch, five times what importing core costs. */
const noHead = (): ExchangeResponse => ({ status: 0, headers: new Headers(), hasBody: false })
