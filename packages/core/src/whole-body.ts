import { bunHolds, copyOnBun } from './bun-body.ts'
import { heldOnNode } from './node-body.ts'
import type { OpenExchange } from './open-exchange.ts'

/**
 * Whether the server is known to hold the body whole: a text or bytes, no stream and no file. It sends such a response in a
 * way of its own, with a length and at times more than once, unless `body` was looked at. Where nothing is known, `false`;
 * it never throws.
 */
export function holdsWhole(response: Response): boolean {
  try {
    return heldOnNode(response) !== null || bunHolds(response)
  } catch {
    return false
  }
}

/** Shows the exchange a body that is held whole. The response is untouched, and for the client. */
export function readBeside(exchange: OpenExchange, response: Response): Response {
  const held = heldOnNode(response)
  if (held === null) observe(exchange, copyOnBun(response))
  // After the response has been handed over: reading it delays nobody.
  else queueMicrotask(() => readHeld(exchange, held))
  return response
}

function readHeld(exchange: OpenExchange, held: string | Uint8Array): void {
  exchange.chunk(typeof held === 'string' ? encoded(held) : held)
  exchange.end('complete')
}

const encoder = new TextEncoder()
/** Bytes of texts are lent: most are encoded into the same memory, for new memory costs more than the encoding. */
const memory = new Uint8Array(16 * 1024)
/** UTF-8 takes at most so many bytes for a UTF-16 unit. */
const BYTES_OF_UNIT = 3

function encoded(text: string): Uint8Array {
  if (text.length * BYTES_OF_UNIT > memory.length) return encoder.encode(text)
  return memory.subarray(0, encoder.encodeInto(text, memory).written)
}

async function observe(exchange: OpenExchange, body: ReadableStream<Uint8Array> | null): Promise<void> {
  try {
    for await (const bytes of body ?? []) exchange.chunk(bytes)
  } catch (error) {
    exchange.troubled('reading a body that is held whole', error)
  }
  exchange.end('complete')
}
