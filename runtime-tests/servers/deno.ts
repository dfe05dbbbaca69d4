/** The scenarios of `testAdapter` and `testDisconnect` on `Deno.serve`. Prints its address. */
import { withUsage } from '@withusage/deno'
import { endWell } from './end-well.ts'
import { mounted, scenarios } from './scenarios.ts'

const server = scenarios()
endWell(server)

Deno.serve(
  {
    hostname: '127.0.0.1',
    port: 0,
    onListen: ({ hostname, port }) => process.stdout.write(`http://${hostname}:${port}\n`),
    onError: () => new Response('sorry', { status: 500 }),
  },
  mounted(server, withUsage),
)
