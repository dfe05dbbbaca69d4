import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { createRequest, createRequestListener, sendResponse } from '@remix-run/node-fetch-server'
import { mayGoOn } from './drain.ts'
import { isClosed } from './ending.ts'

/** A handler on Fetch, wrapped by `withUsage` or not. */
export type FetchHandler = (request: Request) => Response | Promise<Response>

/**
 * Serves a Fetch handler on `node:http`. A client that leaves aborts the request's signal and cancels the response's body;
 * a handler that throws is answered with 500, its error printed.
 *
 * @example createServer(toNodeHandler(withUsage(handler)))
 */
export function toNodeHandler(handler: FetchHandler): RequestListener {
  return (incoming, outgoing) =>
    // The library gives a handler as much as its `length` asks for, and ours takes the request alone.
    createRequestListener((request) => answer(handler, request, outgoing))(incoming, outgoing)
}

/** Express' request and response, as far as they are needed. */
type ExpressHandler<Req, Res> = (request: Req, response: Res, next: (error?: unknown) => void) => void

/**
 * Mounts a Fetch handler in Express, with the whole URL, before any body parser: what a parser has read is gone. What the
 * handler throws, and a body that breaks before its head has gone out, is Express' error.
 *
 * @example app.post('/v1/chat/completions', toExpress(withUsage(handler)))
 */
export function toExpress<Req extends IncomingMessage, Res extends ServerResponse>(
  handler: FetchHandler,
): ExpressHandler<Req, Res> {
  return async function fetchHandler(request, response, next) {
    try {
      const answered = await answer(handler, requestOf(request, response), response)
      if (!isClosed(response)) await sendResponse(response, answered)
    } catch (error) {
      if (response.headersSent) response.destroy(error instanceof Error ? error : undefined)
      else next(error)
    }
  }
}

/**
 * The handler's answer. When its client has left by then, or has been answered by somebody else, nobody reads the body, and
 * it is cancelled.
 */
async function answer(handler: FetchHandler, request: Request, outgoing: ServerResponse): Promise<Response> {
  const response = await handler(request)
  const { aborted, reason } = request.signal
  if (aborted || isClosed(outgoing)) await response.body?.cancel(reason).catch(() => {})
  if (isClosed(outgoing)) answerNobody(outgoing, response)
  return mayGoOn(response, outgoing)
}

/** Nothing is sent any more: whoever meters the response hears that the handler has answered. */
function answerNobody(outgoing: ServerResponse, { status }: Response): void {
  if (outgoing.writableEnded) return
  outgoing.statusCode = status
  outgoing.end()
}

/** Routers cut `url` at the path they are mounted on, and keep the whole in `originalUrl`. */
function requestOf(incoming: IncomingMessage & { originalUrl?: string }, response: ServerResponse): Request {
  const { url, originalUrl } = incoming
  if (originalUrl === undefined || originalUrl === url) return createRequest(incoming, response)
  incoming.url = originalUrl
  try {
    return createRequest(incoming, response)
  } finally {
    if (url !== undefined) incoming.url = url
  }
}
