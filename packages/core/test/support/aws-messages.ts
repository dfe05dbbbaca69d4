import { EventStreamCodec, type Message, type MessageHeaders } from '@smithy/eventstream-codec'
import { bytesOf } from './bodies.ts'

const decoder = new TextDecoder()

/** What AWS' own clients read event streams with. */
export const codec = new EventStreamCodec(
  (input) => (typeof input === 'string' ? input : decoder.decode(input)),
  (input) => bytesOf(input),
)

export function encode(message: Message): Uint8Array {
  return codec.encode(message)
}

/** An event of Converse: `{ ":event-type": "metadata" }` and its JSON. */
export function eventMessage(name: string, payload: unknown): Uint8Array {
  return encode({ headers: headersOf({ ':message-type': 'event', ':event-type': name }), body: json(payload) })
}

/** An event of InvokeModelWithResponseStream: the model's own JSON in base64, and padding. */
export function chunkMessage(event: unknown): Uint8Array {
  return eventMessage('chunk', { bytes: Buffer.from(JSON.stringify(event)).toString('base64'), p: 'abcdefg' })
}

export function exceptionMessage(name: string, payload: unknown): Uint8Array {
  return encode({ headers: headersOf({ ':message-type': 'exception', ':exception-type': name }), body: json(payload) })
}

function headersOf(texts: Record<string, string>): MessageHeaders {
  const all = { ...texts, ':content-type': 'application/json' }
  return Object.fromEntries(Object.entries(all).map(([name, value]) => [name, { type: 'string', value }]))
}

function json(value: unknown): Uint8Array {
  return bytesOf(JSON.stringify(value))
}
