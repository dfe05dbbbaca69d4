/** `meteredFetch` on Bun. Prints its address. */
import { upstreamServer } from './upstream.ts'

const { url } = Bun.serve({ hostname: '127.0.0.1', port: 0, fetch: upstreamServer() })
process.stdout.write(`${url.origin}\n`)
