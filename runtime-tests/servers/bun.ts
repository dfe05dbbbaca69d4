/** The scenarios of `testAdapter` on `Bun.serve`. Prints its address. */
import { withUsage } from '@withusage/core'
import { mounted, scenarios } from './scenarios.ts'

const server = scenarios()

const { url } = Bun.serve({
  hostname: '127.0.0.1',
  port: 0,
  idleTimeout: 0,
  fetch: mounted(server, (serve) => withUsage(serve, server.options)),
  error: () => new Response('sorry', { status: 500 }),
})
process.stdout.write(`${url.origin}\n`)
