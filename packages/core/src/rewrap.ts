/** The codings that every runtime's `fetch` decodes. */
const DECODED = ['gzip', 'x-gzip', 'deflate', 'br']

/** The response with another body: status, reason, headers and each `set-cookie` are kept. */
export function rewrap(response: Response, body: ReadableStream<Uint8Array>): Response {
  const wrapped = new Response(body, response)
  if (hasStaleEncoding(response)) {
    wrapped.headers.delete('content-encoding')
    wrapped.headers.delete('content-length')
  }
  return wrapped
}

/**
 * A `fetch()` response still carries the `content-encoding` and the compressed `content-length` of bytes that `fetch`
 * has decoded. The runtime that made it strips them when it sends it; wrapped, they would make a broken reply.
 */
function hasStaleEncoding(response: Response): boolean {
  if (response.url === '') return false
  const codings = response.headers.get('content-encoding')?.split(',') ?? []
  return codings.length > 0 && codings.every((coding) => fetchDecodes(coding.trim().toLowerCase()))
}

function fetchDecodes(coding: string): boolean {
  return DECODED.includes(coding) || (coding === 'zstd' && fetchDecodesZstd())
}

interface BunRuntime {
  inspect(value: unknown): string
  /** What a promise came to, the promise itself while it is pending. */
  peek<T>(promise: Promise<T>): T | Promise<T>
}

/**
 * Bun gives a body without a content type its default only when it sends it, and no longer knows text from bytes once
 * `body` was looked at: call this before. What nothing on Bun tells apart is a string and bytes that are UTF-8; both
 * become text. A stream has no default.
 */
export function keepDefaultType(response: Response): void {
  const { Bun } = globalThis as { Bun?: BunRuntime }
  if (Bun === undefined || !(response instanceof Response) || response.headers.has('content-type')) return
  if (!isHeldWhole(response, Bun)) return
  response.headers.set('content-type', isText(response, Bun) ? 'text/plain;charset=utf-8' : 'application/octet-stream')
}

/** Bun shows a body that is no stream, and no file, as a blob. */
function isHeldWhole(response: Response, { inspect }: BunRuntime): boolean {
  return inspect(response).includes('\n  Blob (')
}

/** To Bun, what was fetched is bytes. */
function isText(response: Response, { peek }: BunRuntime): boolean {
  if (response.url !== '') return false
  const bytes = peek(response.clone().bytes())
  return bytes instanceof Uint8Array && isUtf8(bytes)
}

function isUtf8(bytes: Uint8Array): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    return true
  } catch {
    return false
  }
}

interface RuntimeVersions {
  bun?: string
  deno?: string
  node?: string
}

/** Node 24's and Bun's do; Node 22's and Deno's leave it encoded. */
function fetchDecodesZstd(): boolean {
  const { process } = globalThis as { process?: { versions?: RuntimeVersions } }
  const versions = process?.versions ?? {}
  if (versions.bun !== undefined) return true
  return versions.deno === undefined && Number.parseInt(versions.node ?? '0', 10) >= 24
}
