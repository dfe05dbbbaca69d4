/** The scenarios of `testDisconnect` under Hono on Node. Prints its address. */
import { serve } from '@hono/node-server'
import { endWell } from './end-well.ts'
import { honoApp } from './hono-app.ts'
import { scenarios } from './scenarios.ts'

const server = scenarios()
endWell(server)

const { fetch } = honoApp(server)
serve({ fetch, hostname: '127.0.0.1', port: 0 }, ({ port }) => process.stdout.write(`http://127.0.0.1:${port}\n`))
