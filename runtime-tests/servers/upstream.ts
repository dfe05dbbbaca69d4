import { createRecorder, type Fetch, memoryStore, meteredFetch, withUsage } from '@withusage/core'

const POST = { method: 'POST' }

function headOf({ status, statusText, ok, url, redirected, type, headers }: Response) {
  return { status, statusText, ok, url, redirected, type, contentType: headers.get('content-type') }
}

/** Programs that call a provider, and what they saw of it. */
const PROGRAMS: Record<string, (call: Fetch, provider: string) => Promise<unknown>> = {
  async whole(call, provider) {
    const response = await call(`${provider}/json`, POST)
    return [headOf(response), await response.json(), response.bodyUsed]
  },
  async compressed(call, provider) {
    return (await call(new Request(`${provider}/gzip`, POST))).json()
  },
  async stream(call, provider) {
    const response = await call(new URL(`${provider}/sse`), POST)
    return [headOf(response), await response.text()]
  },
  async redirected(call, provider) {
    const response = await call(`${provider}/moved`, POST)
    return [headOf(response), await response.json()]
  },
  async cloned(call, provider) {
    const response = await call(`${provider}/sse`, POST)
    const clone = response.clone()
    return [headOf(clone), await Promise.all([response.text(), clone.text()])]
  },
  async refused(call, provider) {
    const response = await call(`${provider}/busy`, POST)
    return [headOf(response), await response.text()]
  },
  async sending(call, provider) {
    const pieces = ['one ', 'two ', 'three']
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        const piece = pieces.shift()
        if (piece === undefined) controller.close()
        else controller.enqueue(new TextEncoder().encode(piece))
      },
    })
    return (await call(`${provider}/echo`, { ...POST, body, duplex: 'half' } as RequestInit)).text()
  },
  async aborting(call, provider) {
    const abort = new AbortController()
    const response = await call(`${provider}/open`, { ...POST, signal: abort.signal })
    const reader = (response.body as ReadableStream<Uint8Array>).getReader()
    const first = new TextDecoder().decode((await reader.read()).value)
    const next = reader.read().then(String, ({ name }) => name)
    abort.abort()
    return [first, await next]
  },
}

export const PROGRAM_NAMES = Object.keys(PROGRAMS)

/**
 * Runs programs over plain `fetch` (`/bare/<program>`), and over a metered one outside and inside a metered request;
 * the provider is `?provider=`. `/books` tells what was written down.
 */
export function upstreamServer(): (request: Request) => Promise<Response> {
  const store = memoryStore()
  const recorder = createRecorder({ store })

  async function run(request: Request, call: Fetch): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url)
    const program = PROGRAMS[pathname.split('/').at(-1) ?? '']
    return Response.json(await program?.(call, searchParams.get('provider') ?? ''))
  }

  async function books(): Promise<Response> {
    await recorder.flush()
    const { records } = await store.records({ from: new Date(0), to: new Date('2100-01-01') })
    const lines = records.map(({ evidence, inputTokens, outputTokens }) => [evidence, inputTokens, outputTokens])
    return Response.json({ ...recorder.stats(), lines })
  }

  const metered = meteredFetch({ recorder })
  const ways: Record<string, (request: Request) => Promise<Response>> = {
    bare: (request) => run(request, fetch),
    outside: (request) => run(request, metered),
    inside: withUsage((request: Request) => run(request, metered), { recorder }),
    books,
  }
  return async function serve(request) {
    const way = ways[new URL(request.url).pathname.split('/')[1] ?? '']
    return way?.(request) ?? new Response(null, { status: 404 })
  }
}
