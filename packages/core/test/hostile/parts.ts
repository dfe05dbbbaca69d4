import { codec } from '../support/aws-messages.ts'
import { bytesOf } from '../support/bodies.ts'

/** A piece of a body: one event with all that frames it, or what frames nothing. */
export interface Part {
  bytes: Uint8Array
  /** The event's JSON, as a format is given it; `undefined` when there is none. */
  event: unknown
  /** The same piece with other JSON in it. */
  encode(json: string): Uint8Array
}

export type Framing = 'json' | 'json-array' | 'ndjson' | 'sse' | 'eventstream'

const decoder = new TextDecoder()

/** The body in parts. Written apart from the meter's transports. */
export function partsOf(framing: Framing, body: Uint8Array): Part[] {
  if (framing === 'eventstream') return [...messagesOf(body)]
  const text = decoder.decode(body)
  if (framing === 'sse') return text.split(/(?<=(?:\r\n|\n|\r(?!\n)){2})/).map(sseMessage)
  if (framing === 'ndjson') return text.split(/(?<=\n)/).map((line) => plain(line, parsed(line)))
  return framing === 'json-array' ? elementsOf(text) : [plain(text, parsed(text))]
}

export function joined(parts: readonly Part[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts.map(({ bytes }) => bytes)))
}

/** JSON, and the white space around it. */
function plain(text: string, event?: unknown): Part {
  const [, before = '', after = ''] = /^(\s*)[\s\S]*?(\s*)$/.exec(text) ?? []
  return { bytes: bytesOf(text), event, encode: (json) => bytesOf(`${before}${json}${after}`) }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}

const DATA = /^(?:\ufeff)?data: ?(.*)$/gm

function sseMessage(text: string): Part {
  const lines = text.replaceAll(/\r\n?/g, '\n')
  const event = parsed([...lines.matchAll(DATA)].map(([, data]) => data).join('\n'))
  const others = lines.replaceAll(DATA, '').replaceAll(/\n+/g, '\n').trim()
  const encode = (json: string): Uint8Array => bytesOf(`${others}${others && '\n'}data: ${json}\n\n`)
  return { bytes: bytesOf(text), event, encode }
}

/** Brackets and commas between the elements are parts of their own, and what is left of an array that is cut short. */
function elementsOf(text: string): Part[] {
  const end = endOfElements(text)
  const elements = parsed(`${text.slice(0, end)}]`)
  if (!Array.isArray(elements)) return [plain(text)]
  const parts = elements.flatMap((element, at) => [
    plain(at === 0 ? '[' : ','),
    plain(JSON.stringify(element), element),
  ])
  return [...parts, plain(text.slice(end))]
}

/** Where the last whole element ends. */
function endOfElements(text: string): number {
  for (let end = text.lastIndexOf('}') + 1; end > 0; end = text.lastIndexOf('}', end - 2) + 1)
    if (parsed(`${text.slice(0, end)}]`) !== undefined) return end
  return text.length
}

/** Whole messages, and at the end what is none. */
function* messagesOf(body: Uint8Array): Generator<Part> {
  for (let at = 0; at < body.length; ) {
    const length = body.length - at < 16 ? 0 : new DataView(body.buffer, body.byteOffset + at).getUint32(0)
    const bytes = body.subarray(at, at + (length || body.length))
    yield awsMessage(bytes)
    at += bytes.length
  }
}

function awsMessage(bytes: Uint8Array): Part {
  try {
    const { headers, body } = codec.decode(bytes)
    const type = String(headers[':event-type']?.value ?? headers[':exception-type']?.value ?? '')
    const payload = parsed(decoder.decode(body)) as { bytes?: string; [name: string]: unknown }
    const chunk = type === 'chunk' && typeof payload?.bytes === 'string' ? payload.bytes : null
    const event = chunk === null ? { [type]: payload } : parsed(Buffer.from(chunk, 'base64').toString())
    return { bytes, event, encode: (json) => codec.encode({ headers, body: payloadOf(type, chunk, json) }) }
  } catch {
    return { bytes, event: undefined, encode: () => bytes }
  }
}

/** Of an event that is JSON the payload; JSON that is no such event becomes the payload itself. */
function payloadOf(type: string, chunk: string | null, json: string): Uint8Array {
  if (chunk !== null) return bytesOf(JSON.stringify({ bytes: Buffer.from(json).toString('base64') }))
  const wrapped = `{"${type}":`
  return bytesOf(json.startsWith(wrapped) ? json.slice(wrapped.length, -1) : json)
}
