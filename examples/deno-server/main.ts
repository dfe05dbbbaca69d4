import { createRecorder, memoryStore } from '@withusage/core'
import { withUsage } from '@withusage/deno'

const upstream = Deno.env.get('UPSTREAM') ?? 'http://127.0.0.1:11434'
const port = Number(Deno.env.get('PORT') ?? 8080)

const store = memoryStore()
const recorder = createRecorder({ store })

function handler(request: Request): Response | Promise<Response> {
  const { pathname } = new URL(request.url)
  if (pathname === '/usage') return usage()
  if (request.method === 'POST' && pathname.startsWith('/api/')) return ask(pathname, request.body)
  return new Response('not here', { status: 404 })
}

/** Ollama's answer as it comes. A client that leaves ends the model's work too. */
function ask(path: string, body: BodyInit | null): Promise<Response> {
  return fetch(`${upstream}${path}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
}

/** What each address used today. */
async function usage(): Promise<Response> {
  await recorder.flush()
  const to = new Date()
  const from = new Date(to.getTime() - 86_400_000)
  return Response.json(await store.aggregate({ from, to, bucket: null, groupBy: ['userId', 'servedModel'] }))
}

const identify = (_request: Request, info: Deno.ServeHandlerInfo<Deno.NetAddr>) => ({
  user: { id: info.remoteAddr.hostname },
})

const server = Deno.serve({ hostname: '127.0.0.1', port }, withUsage(handler, { recorder, identify }))

/** What is in flight is recorded before the process ends. */
Deno.addSignalListener('SIGTERM', async () => {
  await server.shutdown()
  await recorder.close()
  console.log(`recorded ${recorder.stats().recorded} of ${recorder.stats().requests} requests`)
  Deno.exit()
})
