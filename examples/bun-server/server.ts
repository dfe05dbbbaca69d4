import { createRecorder, memoryStore, withUsage } from '@withusage/core'
import type { BunRequest } from 'bun'

const { UPSTREAM = 'https://api.openai.com/v1', OPENAI_API_KEY = '', PORT = '8080' } = process.env

const store = memoryStore()
const recorder = createRecorder({ store })

/** Asks the provider, and passes its answer on as it comes. */
async function complete(body: unknown): Promise<Response> {
  return fetch(`${UPSTREAM}/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${OPENAI_API_KEY}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
}

async function proxy(request: Request): Promise<Response> {
  return complete(await request.json())
}

/** The question is the text that was posted. */
async function ask(request: BunRequest<'/rooms/:room/ask'>): Promise<Response> {
  const content = await request.text()
  return complete({ model: 'gpt-4o-mini', messages: [{ role: 'user', content }] })
}

/** What each user and room used today. */
async function usage(): Promise<Response> {
  await recorder.flush()
  const to = new Date()
  const from = new Date(to.getTime() - 86_400_000)
  const groupBy = ['userId', 'projectId', 'endpoint'] as const
  return Response.json(await store.aggregate({ from, to, bucket: null, groupBy }))
}

/** Yours comes from a session, or a key. */
const userOf = (request: Request) => ({ id: request.headers.get('x-user') ?? 'guest' })

const metering = { recorder, identify: (request: Request) => ({ user: userOf(request) }) }
const meteringOfRooms = {
  recorder,
  endpoint: '/rooms/:room/ask',
  identify: (request: BunRequest<'/rooms/:room/ask'>) => ({
    user: userOf(request),
    project: { id: request.params.room },
  }),
}

const server = Bun.serve({
  hostname: '127.0.0.1',
  port: Number(PORT),
  routes: {
    '/v1/chat/completions': { POST: withUsage(proxy, metering) },
    '/rooms/:room/ask': { POST: withUsage(ask, meteringOfRooms) },
    '/usage': { GET: usage },
    '/health': new Response('ok'),
  },
})
console.log(`listening on ${server.url.origin}`)

/** What is in flight is recorded before the process ends. */
process.once('SIGTERM', async () => {
  await server.stop()
  await recorder.close()
  console.log(`recorded ${recorder.stats().recorded} of ${recorder.stats().requests} requests`)
  process.exit()
})
