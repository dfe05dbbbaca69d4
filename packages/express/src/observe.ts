import type { OutgoingHttpHeaders, ServerResponse } from 'node:http'
import type { Ending, OpenExchange } from '@withusage/core/adapter-kit'

type Write = (...args: unknown[]) => boolean
type Call = (...args: unknown[]) => ServerResponse

/**
 * Shows an exchange the head of a response, what is written to it, and how it ends. Every call goes to the response as it
 * was made, and what the response answers goes back: back-pressure, callbacks and errors are its own. What a middleware
 * mounted before this one compresses is seen as it was before.
 */
export function observe(response: ServerResponse, exchange: OpenExchange): void {
  const { write, end, writeHead, flushHeaders } = response
  let headGiven: readonly unknown[] = []
  let answered = false
  let observing = false

  function answer(hasBody: boolean): void {
    if (answered) return
    answered = true
    observing = exchange.answer({ status: response.statusCode, headers: headers(), hasBody })
  }

  /** What was set, and what `writeHead` was given beside it. */
  function headers(): Headers {
    try {
      return headersOf({ ...response.getHeaders(), ...headersIn(headGiven) })
    } catch (error) {
      exchange.troubled('reading the headers of a response', error)
      return new Headers()
    }
  }

  function passed([chunk, encoding]: readonly unknown[]): void {
    const isChunk = typeof chunk === 'string' || chunk instanceof Uint8Array
    answer(isChunk)
    if (observing && isChunk) exchange.chunk(bytesOf(chunk, encoding))
  }

  response.writeHead = function writeHeadMetered(...args: unknown[]) {
    const result = (writeHead as Call).apply(response, args)
    headGiven = args
    return result
  } as ServerResponse['writeHead']

  response.flushHeaders = function flushHeadersMetered() {
    flushHeaders.call(response)
    answer(true)
  }

  response.write = function writeMetered(...args: unknown[]) {
    const open = !response.writableEnded
    const result = (write as Write).apply(response, args)
    if (open) passed(args)
    return result
  } as ServerResponse['write']

  response.end = function endMetered(...args: unknown[]) {
    const open = !response.writableEnded
    const result = (end as Call).apply(response, args)
    if (open) passed(args)
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
function headersIn(args: readonly unknown[]): OutgoingHttpHeaders {
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

/** The bytes of a chunk that `write` or `end` has taken; in the place of the encoding may be a callback. */
function bytesOf(chunk: string | Uint8Array, encoding: unknown): Uint8Array {
  if (typeof chunk !== 'string') return chunk
  return Buffer.from(chunk, typeof encoding === 'string' ? (encoding as BufferEncoding) : 'utf8')
}
