/** The scenarios of `testDisconnect` under Hono on Bun. Prints its address. */
import { endWell } from './end-well.ts'
import { honoApp } from './hono-app.ts'
import { scenarios } from './scenarios.ts'

const server = scenarios()
endWell(server)

const { fetch } = honoApp(server)
const { url } = Bun.serve({ hostname: '127.0.0.1', port: 0, idleTimeout: 0, fetch })
process.stdout.write(`${url.origin}\n`)
