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
