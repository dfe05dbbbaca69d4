/** The scenarios of `testAdapter` and `testDisconnect` on core's `withUsage` and the usual bridge to Node. Prints its address. */
import { serve } from '@hono/node-server'
import { withUsage } from '@withusage/core'
import { endWell } from './end-well.ts'
import { mounted, scenarios } from './scenarios.ts'

const server = scenarios()
endWell(server)
const fetch = mounted(server, withUsage)

serve({ fetch, hostname: '127.0.0.1', port: 0 }, ({ port }) => process.stdout.write(`http://127.0.0.1:${port}\n`))
