import type { Recorder } from '@withusage/core'
import { usage } from '@withusage/hono'
import { type Context, Hono } from 'hono'
import { proxy } from 'hono/proxy'
import { findKey, identify } from './keys.ts'
import type { Upstream } from './upstream/upstream.ts'

const ROUTES = [
  '/v1/chat/completions',
  '/v1/embeddings',
  '/v1/responses',
  '/v1/messages',
  '/api/chat',
  '/api/embed',
] as const

/** Headers of the client that the provider may see. Its key to *us* is not among them. */
const FORWARDED = /^(accept|content-type|user-agent|anthropic-(version|beta)|openai-(organization|project|beta))$/

/** An LLM proxy whose users have keys of their own. Metering it is the one line with `usage(…)`. */
export function createApp(recorder: Recorder, upstream: Upstream): Hono {
  const app = new Hono()
  app.use(usage({ recorder, identify: (c) => identify(c.req.raw.headers) }))
  app.use(async (c, next) => (findKey(c.req.raw.headers) ? await next() : c.json({ error: 'unknown key' }, 401)))
  for (const route of ROUTES) app.post(route, (c) => forward(c, upstream))
  return app
}

/** Hono's `proxy` takes off hop-by-hop headers, and `content-encoding` from the body that `fetch` has decoded. */
async function forward(c: Context, upstream: Upstream): Promise<Response> {
  const url = upstream.url(c.req.path)
  if (url === null) return c.json({ error: `${upstream.name} does not serve ${c.req.path}` }, 404)
  try {
    return await proxy(url, { raw: c.req.raw, headers: forwardedHeaders(c, upstream) })
  } catch (error) {
    if (c.req.raw.signal.aborted) throw error
    return c.json({ error: `${upstream.name} cannot be reached: ${reasonOf(error)}` }, 502)
  }
}

function forwardedHeaders(c: Context, upstream: Upstream): Headers {
  const headers = new Headers(upstream.credentials)
  for (const [name, value] of Object.entries(c.req.header())) if (FORWARDED.test(name)) headers.set(name, value)
  return headers
}

/** `fetch failed` says nothing; its cause does. */
function reasonOf(error: unknown): string {
  const { message, cause } = error as Error
  return cause instanceof Error ? cause.message || String((cause as NodeJS.ErrnoException).code) : message
}
