import { hiddenField } from './hidden-field.ts'

const keptOnNode = hiddenField('cache')

/**
 * The body, if it is one that Hono's server on Node holds whole. It puts a class of its own in the place of `Response`, which
 * keeps `[status, body, headers]` under a symbol until anything but status and headers is looked at; what is kept, it sends
 * by its fastest way. `null` where there is nothing of the kind.
 *
 * @see https://github.com/honojs/node-server/blob/main/src/response.ts `cacheKey`
 */
export function heldOnNode(response: Response): string | Uint8Array | null {
  const kept = keptOnNode(response)
  const body: unknown = Array.isArray(kept) && kept[0] === response.status ? kept[1] : null
  return typeof body === 'string' || body instanceof Uint8Array ? body : null
}
