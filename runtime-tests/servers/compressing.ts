import type { Serve } from './scenarios.ts'

/** Compresses every answer, as the middleware of a framework does. */
export function compressing<Rest extends readonly unknown[]>(
  serve: Serve<Rest>,
): (request: Request, ...rest: Rest) => Promise<Response> {
  return async (request, ...rest) => {
    const response = await serve(request, ...rest)
    if (!response.body) return response
    const headers = new Headers(response.headers)
    headers.set('content-encoding', 'gzip')
    headers.delete('content-length')
    const body = response.body.pipeThrough(new globalThis.CompressionStream('gzip'))
    return new Response(body, { status: response.status, headers })
  }
}
