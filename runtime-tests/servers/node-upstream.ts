/** `meteredFetch` on Node. Prints its address. */
import { serve } from '@hono/node-server'
import { upstreamServer } from './upstream.ts'

serve({ hostname: '127.0.0.1', port: 0, fetch: upstreamServer() }, ({ address, port }) => {
  process.stdout.write(`http://${address}:${port}\n`)
})
