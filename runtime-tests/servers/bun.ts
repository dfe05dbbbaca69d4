/** The scenarios of `testAdapter` and `testDisconnect` on `Bun.serve`. Prints its address. */
import { withUsage } from '@withusage/core'
import { endWell } from './end-well.ts'
import { mounted, scenarios } from './scenarios.ts'

const server = scenarios()
endWell(server)

const { url } = Bun.serve({
  hostname: '127.0.0.1',
  port: 0,
  idleTimeout: 0,
  fetch: mounted(server, withUsage),
  error: () => new Response('sorry', { status: 500 }),
})
process.stdout.write(`${url.origin}\n`)
