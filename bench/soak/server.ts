/** A server that meters all sorts of answers into a store that stalls, and tells how it is. */
import './live-timers.ts'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { serve } from '@hono/node-server'
import { createRecorder, memoryStore, type RecorderStats, withUsage } from '@withusage/core'
import { Hono } from 'hono'
import { chat, handler } from '../answers.ts'
import { held, listening } from '../servers/served.ts'
import { liveTimers } from './live-timers.ts'
import { stallingStore } from './stalling-store.ts'

/** How a server is. */
export interface State {
  /** Of heap and array buffers, after a collection. */
  heldBytes: number
  /** What keeps the process alive, by kind: `{ TCPSocketWrap: 3 }`. */
  handles: Record<string, number>
  timers: number
  /** Milliseconds since it was last asked. */
  loopDelay: { p50: number; p99: number; max: number }
  stats: RecorderStats
}

/** Few enough that the ring is full, and the heap flat, before it is first looked at. */
const store = stallingStore(memoryStore({ capacity: 2_000 }))
const onError = (): void => {}
const recorder = createRecorder({ store, onError, maxPending: 2_000 })

const events = chat(200)

/** Waits before each tenth event. */
function slowly(): Response {
  let next = 0
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      if (next % 10 === 0) await new Promise((resolve) => setTimeout(resolve, 20))
      const chunk = events[next++]
      if (chunk) controller.enqueue(chunk)
      else controller.close()
    },
  })
  return new Response(body, { headers: { 'content-type': 'text/event-stream' } })
}

function breaking(): Response {
  let next = 0
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      const chunk = events[next++]
      if (chunk && next < 50) controller.enqueue(chunk)
      else controller.error(new Error('the provider hung up'))
    },
  })
  return new Response(body, { headers: { 'content-type': 'text/event-stream' } })
}

const ODD: Record<string, () => Response> = {
  slowly,
  breaking,
  failing: () => Response.json({ error: 'overloaded' }, { status: 529 }),
  throwing() {
    throw new Error('a bug')
  },
}

const metered = withUsage(
  async (request: Request) => {
    const [name = ''] = new URL(request.url).pathname.slice(1).split('/', 1)
    return ODD[name]?.() ?? handler(request)
  },
  { recorder, onError },
)

const delay = monitorEventLoopDelay({ resolution: 10 })
delay.enable()

function state(): State {
  const ms = (nanoseconds: number): number => nanoseconds / 1e6 - 10
  const loopDelay = { p50: ms(delay.percentile(50)), p99: ms(delay.percentile(99)), max: ms(delay.max) }
  const handles: Record<string, number> = {}
  for (const kind of process.getActiveResourcesInfo()) handles[kind] = (handles[kind] ?? 0) + 1
  const timers = liveTimers()
  const told = { heldBytes: Number(held()), handles, timers, loopDelay, stats: recorder.stats() }
  // The collection is the question's, not the traffic's.
  setImmediate(() => delay.reset())
  return told
}

const app = new Hono()
  .onError((_error, c) => c.text('sorry', 500))
  .get('/state', (c) => c.json(state()))
  .post('/flush', async (c) => {
    await recorder.flush()
    return c.body(null, 204)
  })
  .post('/:answer/*', (c) => metered(c.req.raw))

// What breaks on purpose is written to the log of a server, and to nobody here.
console.error = () => {}
serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, ({ port }) => listening(port))
