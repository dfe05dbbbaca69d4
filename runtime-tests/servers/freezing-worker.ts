/**
 * A Worker whose recorders are made before any request and shared by all: one over a store that is a `fetch` away, one
 * over the memory store. `/<store>/<way>/<answer>/<number>`: of the two ways, `kept` gives the handler its `ctx`.
 */
import {
  createRecorder,
  disabledStore,
  memoryStore,
  type UsageBatch,
  type WriteResult,
  withUsage,
} from '@withusage/core'

interface Env {
  COLLECTOR: string
  IDLE_MS: number
}

interface Context {
  waitUntil(work: Promise<unknown>): void
}

let collector = ''

async function write({ records, tallies }: UsageBatch): Promise<WriteResult> {
  const response = await fetch(collector, { method: 'POST', body: JSON.stringify({ records, tallies }) })
  if (!response.ok) throw new Error(`the collector answered ${response.status}`)
  return response.json()
}

const recorders = {
  fetched: createRecorder({ store: { ...disabledStore(), write } }),
  memory: createRecorder({ store: memoryStore() }),
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

const completion = (number: string, fields: object): string =>
  JSON.stringify({ id: `chatcmpl-${number}`, model: 'qwen-7b', ...fields })

const usage = { prompt_tokens: 9, completion_tokens: 5, total_tokens: 14 }

/** So many events, the first with its usage, each so long after the one before. */
function events(number: string, count: number, intervalMs = 2): Response {
  const encoder = new TextEncoder()
  let sent = 0
  const body = new ReadableStream({
    async pull(controller) {
      if (sent > 0) await pause(intervalMs)
      if (sent === count) return controller.close()
      const event = { object: 'chat.completion.chunk', choices: [], usage: sent++ === 0 ? usage : null }
      controller.enqueue(encoder.encode(`data: ${completion(number, event)}\n\n`))
    },
  })
  return new Response(body, { headers: { 'content-type': 'text/event-stream' } })
}

const answers: Record<string, (number: string) => Response | Promise<Response>> = {
  document: (number) =>
    Response.json(JSON.parse(completion(number, { object: 'chat.completion', choices: [], usage }))),
  nothing: () => Response.json({}),
  stream: (number) => events(number, 5),
  endless: (number) => events(number, Number.POSITIVE_INFINITY),
  silent: (number) => events(number, 2, 60_000),
  late: () => pause(60_000).then(() => Response.json({})),
}

function answer(request: Request, ..._platform: readonly unknown[]): Response | Promise<Response> {
  const [, , , kind = '', number = ''] = new URL(request.url).pathname.split('/')
  return answers[kind]?.(number) ?? new Response(null, { status: 404 })
}

let handlers: Record<string, (request: Request, ...platform: unknown[]) => Promise<Response>> | undefined

export default {
  fetch(request: Request, env: Env, ctx: Context): Response | Promise<Response> {
    collector = env.COLLECTOR
    handlers ??= {
      fetched: withUsage(answer, { recorder: recorders.fetched, idleTimeoutMs: env.IDLE_MS }),
      memory: withUsage(answer, { recorder: recorders.memory, idleTimeoutMs: env.IDLE_MS }),
    }
    const [, store = '', way] = new URL(request.url).pathname.split('/')
    if (way === 'stats') return Response.json(recorders[store as keyof typeof recorders].stats())
    const serve = handlers[store]
    if (!serve) return new Response(null, { status: 404 })
    return way === 'kept' ? serve(request, env, ctx) : serve(request)
  },
}
