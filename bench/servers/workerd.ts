/** A worker, bundled before it is served: the way is a binding. */
import { handler } from '../answers.ts'
import { type Handler, WAYS, type WayName } from '../ways.ts'

let served: Handler | undefined

export default {
  async fetch(request: Request, { WAY }: { WAY: WayName }): Promise<Response> {
    served ??= (await WAYS[WAY]('memory'))(handler)
    return served(request)
  },
}
