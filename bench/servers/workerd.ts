/** A worker, bundled before it is served: the way is a binding. */
import { handler } from '../answers.ts'
import { type Handler, WAYS, type WayName } from '../ways.ts'

let served: Handler | undefined

export default {
  async fetch(request: Request, { WAY }: { WAY: WayName }): Promise<Response> {
    // It cannot tell what it holds.
    if (request.method === 'GET') return new Response(null, { status: 404 })
    served ??= (await WAYS[WAY]('memory'))(handler)
    return served(request)
  },
}
