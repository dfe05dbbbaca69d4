import type { ServerResponse } from 'node:http'
import type { Drain, Ending, OpenExchange } from '@withusage/core/adapter-kit'
import { goOn, watchSource } from './drain.ts'
import { endingOf, isClosed } from './ending.ts'
import { sentHeaders } from './sent-headers.ts'

type Write = (...args: unknown[]) => boolean
type Call = (...args: unknown[]) => ServerResponse

/**
 * Shows an exchange the head of a response, what is written to it, and how it ends. Every call goes to the response as it
 * was made, and what the response answers goes back: back-pressure, callbacks and errors are its own. What a middleware
 * mounted before this one compresses is seen as it was before. While a body is drained, what is written is taken, and let go.
 */
export function observe(response: ServerResponse, exchange: OpenExchange): void {
  const { write, end, writeHead, flushHeaders } = response
  let headGiven: readonly unknown[] = []
  let answered = false
  let observing = false
  let shown = 0
  let ending: Ending | undefined
  let drain: Drain | null = null

  /** An answer to a client that has left is its own last word. An empty one only gives up. */
  function answer(hasBody: boolean): void {
    if (answered) return
    answered = true
    observing = exchange.answer({
      status: response.statusCode,
      headers: headers(),
      hasBody: hasBody || ending !== undefined,
    })
    if (ending) settle(ending)
  }

  function settle(how: Ending): void {
    drain = how === 'cancelled' ? exchange.drain() : null
    if (drain) goOn(drain, response, (how) => endAfterThisTurn(exchange, how))
    else endAfterThisTurn(exchange, how)
  }

  /** What was set, and what `writeHead` was given beside it. */
  function headers(): Headers {
    try {
      return sentHeaders(response, headGiven)
    } catch (error) {
      exchange.troubled('reading the headers of a response', error)
      return new Headers()
    }
  }

  function passed([chunk, encoding]: readonly unknown[]): void {
    const isChunk = typeof chunk === 'string' || chunk instanceof Uint8Array
    shown++
    answer(isChunk)
    if (!observing || !isChunk) return
    const bytes = bytesOf(chunk, encoding)
    exchange.chunk(bytes)
    drain?.count(bytes.length)
  }

  function isDrained(): boolean {
    return drain !== null && drain.ended === null
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
    const result = isDrained() ? taken(args) : (write as Write).apply(response, args)
    if (open) passed(args)
    return isDrained() || result
  } as ServerResponse['write']

  response.end = function endMetered(...args: unknown[]) {
    const open = !response.writableEnded
    const before = shown
    const result = (end as Call).apply(response, args)
    // HTTP/2's `end` gives its chunk to `write`.
    if (open && shown === before) passed(args)
    if (open && isDrained()) {
      drain?.end('finished')
      endAfterThisTurn(exchange, 'drained')
    }
    return result
  } as ServerResponse['end']

  response.on('drain', () => exchange.asked())
  watchSource(response)
  function close(): void {
    ending = endingOf(response)
    if (ending === 'cancelled' && !answered) exchange.left()
    else settle(ending)
  }
  if (isClosed(response)) close()
  else response.once('close', close)
}

/** What else hears of the end, and what awaits it, still has its say: other listeners, code after `await pipeline()`. */
function endAfterThisTurn(exchange: OpenExchange, ending: Ending): void {
  setImmediate(() => exchange.end(ending))
}

/** A chunk that goes no further: to its handler it looks written. */
function taken(args: readonly unknown[]): boolean {
  const callback = args.find((arg) => typeof arg === 'function')
  if (callback) process.nextTick(callback as () => void)
  return true
}

/** The bytes of a chunk that `write` or `end` has taken; in the place of the encoding may be a callback. */
function bytesOf(chunk: string | Uint8Array, encoding: unknown): Uint8Array {
  if (typeof chunk !== 'string') return chunk
  return Buffer.from(chunk, typeof encoding === 'string' ? (encoding as BufferEncoding) : 'utf8')
}
