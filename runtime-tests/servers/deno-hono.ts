/** The scenarios of `testDisconnect` under Hono on Deno. Prints its address. */
import { endWell } from './end-well.ts'
import { honoApp } from './hono-app.ts'
import { scenarios } from './scenarios.ts'

const server = scenarios()
endWell(server)

const onListen = ({ hostname, port }: Deno.NetAddr) => process.stdout.write(`http://${hostname}:${port}\n`)
const { fetch } = honoApp(server)
Deno.serve({ hostname: '127.0.0.1', port: 0, onListen }, (request) => fetch(request))
