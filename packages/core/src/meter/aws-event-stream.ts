import { object, text } from '../formats/wire.ts'
import { type AwsMessage, PRELUDE_BYTES, readMessage, readPrelude } from './aws-message.ts'
import { ByteBuffer } from './byte-buffer.ts'
import { decodeText, type EventSink, parseEvent, type Transport } from './transport.ts'

/**
 * `application/vnd.amazon.eventstream`: binary messages with headers and two checksums. Holds one message at most.
 *
 * A message that is not what was sent is lost; when its lengths are not, nobody knows where the next one begins, and so
 * is all that follows.
 *
 * @see https://docs.aws.amazon.com/lexv2/latest/dg/event-stream-encoding.html
 */
export function awsEventStreamTransport(sink: EventSink, maxEventBytes: number): Transport {
  const held = new ByteBuffer()
  /** Bytes to hold before the next step: a prelude, or the whole message. */
  let wanted = PRELUDE_BYTES
  /** Bytes that are still to come of a message past its bound. */
  let skipping = 0
  let lost = false

  function beginMessage(): void {
    const prelude = readPrelude(held.view())
    if (prelude === null) {
      lost = true
      held.clear()
      sink.skipped('unreadable_body')
    } else if (prelude.total > maxEventBytes) {
      skipping = prelude.total - PRELUDE_BYTES
      held.clear()
      sink.skipped()
    } else wanted = prelude.total
  }

  function endMessage(): void {
    const message = readMessage(held.view())
    if (message) readEvent(sink, message)
    else sink.skipped('unreadable_body')
    held.clear()
    wanted = PRELUDE_BYTES
  }

  /** Takes what is still wanted, and gives how many bytes that was. */
  function take(bytes: Uint8Array): number {
    if (skipping > 0) {
      const size = Math.min(skipping, bytes.length)
      skipping -= size
      return size
    }
    const part = bytes.subarray(0, wanted - held.size)
    held.append(part)
    if (held.size === wanted) {
      if (wanted === PRELUDE_BYTES) beginMessage()
      else endMessage()
    }
    return part.length
  }

  return {
    streamed: true,
    write(bytes) {
      for (let at = 0; at < bytes.length && !lost; ) at += take(bytes.subarray(at))
    },
    end() {
      if (held.size > 0) sink.unreadable('')
      held.clear()
    },
  }
}

/** An event is a member of a union, `{ "metadata": { … } }`: its header names the member, its payload is the value. */
function readEvent(sink: EventSink, { headers, payload }: AwsMessage): void {
  const json = decodeText(payload)
  const value = parseEvent(json)
  const name = headers.get(':event-type')
  if ((headers.get(':message-type') ?? 'event') !== 'event') {
    const failure = headers.get(':exception-type') ?? headers.get(':error-code') ?? 'error'
    sink.event({ name: 'error', data: { [failure]: value ?? null }, document: false })
  } else if (name === undefined || value === undefined) sink.unreadable(json)
  else if (name === 'chunk') readChunk(sink, value)
  else sink.event({ name, data: { [name]: value }, document: false })
}

/** `{ "bytes": "…", "p": "…" }`: an event of the model's own format in base64, and padding that hides its length. */
function readChunk(sink: EventSink, chunk: unknown): void {
  const json = decodeBase64(text(object(chunk)?.bytes) ?? '')
  const value = parseEvent(json)
  if (value === undefined) sink.unreadable(json)
  else sink.event({ name: null, data: value, document: false })
}

/** The text of bytes in base64; an empty one when they are none. */
function decodeBase64(base64: string): string {
  try {
    const characters = atob(base64)
    const bytes = new Uint8Array(characters.length)
    for (let at = 0; at < bytes.length; at++) bytes[at] = characters.charCodeAt(at)
    return decodeText(bytes)
  } catch {
    return ''
  }
}
