import { rewrap } from './rewrap.ts'
import type { Meter } from './types.ts'

/** On a response that `meteredFetch` reads through; the same for every copy of core. */
const METERED = Symbol.for('withusage/metered')
/** On its body, which a proxy may pass on without the response: what is read of it. */
const READ_AS = Symbol.for('withusage/read-as')

/** Whether another `meteredFetch`, further in, meters the call of this response. */
export function isMetered(response: Response): boolean {
  return METERED in response
}

/** What is read of this body already, by a call inside the request that passes it on. */
export function meterOfBody(body: ReadableStream<Uint8Array> | null): Meter | null {
  return (body && (body as MeteredBody)[READ_AS]) ?? null
}

/** @param meter asked when the body is passed on: `null` when nobody reads it any more */
export function setMeterOfBody(body: ReadableStream<Uint8Array>, meter: () => Meter | null): void {
  Object.defineProperty(body, READ_AS, { get: meter })
}

type MeteredBody = ReadableStream<Uint8Array> & { [READ_AS]?: Meter | null }

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
