import { rewrap } from './rewrap.ts'

/** On a response that `meteredFetch` reads through; the same for every copy of core. */
const METERED = Symbol.for('withusage/metered')

/** Whether another `meteredFetch`, further in, meters the call of this response. */
export function isMetered(response: Response): boolean {
  return METERED in response
}

/** A fetched response with another body: also where it came from, and what its clones say of that, is as it was. */
export function rewrapFetched(response: Response, body: ReadableStream<Uint8Array>): Response {
  const { url, redirected, type } = response
  return asFetched(rewrap(response, body), { url, redirected, type })
}

function asFetched(response: Response, origin: Pick<Response, 'url' | 'redirected' | 'type'>): Response {
  const clone = (): Response => asFetched(Response.prototype.clone.call(response), origin)
  const facts = { ...origin, clone, [METERED]: true }
  for (const key of Reflect.ownKeys(facts) as (keyof typeof facts)[])
    Object.defineProperty(response, key, { value: facts[key], configurable: true })
  return response
}
