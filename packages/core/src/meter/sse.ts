import { createParser, type EventSourceMessage } from 'eventsource-parser'
import { blankLineEnd, Frames, lastBlankLineEnd } from './frames.ts'
import { Sieve } from './sieve.ts'
import { type EventSink, parseEvent, type Transport } from './transport.ts'

/**
 * Server-sent events. The library reads the messages; it is given whole ones only, so that it holds nothing between
 * two writes and the bound does not depend on how the bytes were cut.
 *
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html
 */
export function sseTransport(sink: EventSink, maxEventBytes: number): Transport {
  const parser = createParser({ onEvent: (message) => readMessage(sink, message) })
  const sieve = new Sieve({
    framing: 'sse',
    findEnd: endOfMessage,
    watch: () => sink.watch(),
    read: (text) => parser.feed(text),
  })
  const frames = new Frames({
    maxBytes: maxEventBytes,
    lastEnd: lastBlankLineEnd,
    findEnd: blankLineEnd,
    deliver: (bytes) => sieve.write(bytes),
    skipped: () => sink.skipped(),
  })
  return {
    streamed: true,
    write: (bytes) => frames.write(bytes),
    end() {
      frames.end()
      parser.feed('\n\n')
    },
  }
}

/** After a blank line, as `blankLineEnd` finds it. */
const BLANK_LINE = /\n\n|[\n\r]\r/g

function endOfMessage(text: string, from: number): number {
  BLANK_LINE.lastIndex = from
  return BLANK_LINE.test(text) ? BLANK_LINE.lastIndex : -1
}

function readMessage(sink: EventSink, { event, data }: EventSourceMessage): void {
  const text = data.trim()
  if (text === '') return
  if (text === '[DONE]') {
    sink.done()
    return
  }
  const value = parseEvent(text)
  if (value === undefined) sink.unreadable(text, event)
  else sink.event({ name: event ?? null, data: value, document: false })
}
