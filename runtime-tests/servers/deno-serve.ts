/** `Deno.serve(withUsage(handler))` and nothing between. Prints its address. */
import { createRecorder, memoryStore } from '@withusage/core'
import { withUsage } from '@withusage/deno'

const store = memoryStore()
const recorder = createRecorder({ store })

const completion = {
  object: 'chat.completion',
  model: 'qwen-7b',
  choices: [],
  usage: { prompt_tokens: 9, completion_tokens: 5 },
}

function echo(request: Request): Response {
  const { socket, response } = Deno.upgradeWebSocket(request)
  socket.onmessage = ({ data }) => socket.send(data)
  return response
}

async function books(): Promise<Response> {
  await recorder.flush()
  const { records } = await store.records({ from: new Date(0), to: new Date('2100-01-01') })
  return Response.json({ ...recorder.stats(), users: records.map(({ userId }) => userId) })
}

function handler(request: Request, info: Deno.ServeHandlerInfo<Deno.NetAddr>): Response | Promise<Response> {
  const { pathname } = new URL(request.url)
  if (pathname === '/socket') return echo(request)
  if (pathname === '/address') return new Response(info.remoteAddr.hostname)
  return pathname === '/books' ? books() : Response.json(completion)
}

const identify = (_request: Request, { remoteAddr }: Deno.ServeHandlerInfo<Deno.NetAddr>) => ({
  user: { id: remoteAddr.hostname },
})

const onListen = ({ hostname, port }: Deno.NetAddr) => void process.stdout.write(`http://${hostname}:${port}\n`)
Deno.serve({ hostname: '127.0.0.1', port: 0, onListen }, withUsage(handler, { recorder, identify }))
