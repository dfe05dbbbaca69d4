import type { OutgoingHttpHeaders, ServerResponse } from 'node:http'
import type { Ending, Exchange } from '@withusage/core/adapter-kit'

type Write = (...args: unknown[]) => boolean
type End = (...args: unknown[]) => ServerResponse
type WriteHead = (...args: unknown[]) => ServerResponse

/**
 * Shows an exchange the head of a response, what is written to it, and how it ends. Every call goes to the response as it
 * was made, and what the response answers goes back: back-pressure, callbacks and errors are its own. What is
 * compressed by a middleware mounted before this one is seen as it was before the compression.
 */
export function observe(response: ServerResponse, exchange: Exchange): void {
  const write = response.write.bind(response) as Write
  const end = response.end.bind(response) as End
  const writeHead = response.writeHead.bind(response) as WriteHead
  let headOut = false
  let observing = false

  function answered(headers: Headers): void {
    if (headOut) return
    headOut = true
    observing = exchange.answer({ status: response.statusCode, headers, hasBody: true })
  }

  function passed(chunk: unknown, encoding: unknown): void {
    answered(headersOf(response.getHeaders()))
    const bytes = observing ? bytesOf(chunk, encoding) : null
    if (bytes !== null) exchange.chunk(bytes)
  }

  response.writeHead = function writeHeadMetered(...args: unknown[]) {
    const result = writeHead(...args)
    answered(headersOf({ ...response.getHeaders(), ...headersGiven(args) }))
    return result
  } as ServerResponse['writeHead']

  response.write = function writeMetered(...args: unknown[]) {
    const open = !response.writableEnded
    const result = write(...args)
    if (open) passed(args[0], args[1])
    return result
  } as ServerResponse['write']

  response.end = function endMetered(...args: unknown[]) {
    const open = !response.writableEnded
    const result = end(...args)
    if (open) passed(args[0], args[1])
    return result
  } as ServerResponse['end']

  response.on('drain', () => exchange.asked())
  response.once('close', () => exchange.end(endingOf(response)))
}

/** A client that leaves ends its side of the connection or breaks it; a server that gives up does neither. */
function endingOf({ writableFinished, errored, req, socket }: ServerResponse): Ending {
  if (writableFinished) return 'complete'
  const connection = socket ?? req.socket
  const left = connection.readableEnded || connection.errored !== null
  return errored || !left ? 'failed' : 'cancelled'
}

/** `writeHead(status, reason?, headers?)`: the headers as an object, or as a flat list of names and values. */
function headersGiven(args: readonly unknown[]): OutgoingHttpHeaders {
  const given = args.find((arg) => typeof arg === 'object' && arg !== null)
  if (!Array.isArray(given)) return Object.fromEntries(lowerCase(Object.entries(given ?? {})))
  const pairs = Array.isArray(given[0]) ? given : given.flatMap((name, at) => (at % 2 ? [] : [[name, given[at + 1]]]))
  return Object.fromEntries(lowerCase(pairs as [string, string][]))
}

function lowerCase<T>(entries: readonly [string, T][]): [string, T][] {
  return entries.map(([name, value]) => [`${name}`.toLowerCase(), value])
}

function headersOf(sent: OutgoingHttpHeaders): Headers {
  const headers = new Headers()
  for (const [name, value] of Object.entries(sent)) {
    if (value !== undefined) headers.set(name, `${value}`)
  }
  return headers
}

/** What `write` and `end` take for a chunk; a callback is none. */
function bytesOf(chunk: unknown, encoding: unknown): Uint8Array | null {
  if (typeof chunk === 'string')
    return Buffer.from(chunk, typeof encoding === 'string' ? (encoding as BufferEncoding) : 'utf8')
  return chunk instanceof Uint8Array ? chunk : null
}
