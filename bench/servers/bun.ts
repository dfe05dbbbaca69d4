/** `Bun.serve`. */
import { held, listening, servedHandler } from './served.ts'

const served = await servedHandler()

const { port } = Bun.serve({
  hostname: '127.0.0.1',
  port: 0,
  idleTimeout: 0,
  fetch: (request) => (request.method === 'GET' ? new Response(held()) : served(request)),
})
listening(Number(port))
