import { createParser, type EventSourceMessage } from 'eventsource-parser'
import { blankLineEnd, endsWithBlankLine, Frames } from './frames.ts'
import { createSieve } from './sieve.ts'
import { type EventSink, parseEvent, type Transport } from './transport.ts'

/**
 * Server-sent events. The library reads the messages; it is given whole ones only, so that it holds nothing between
 * two writes and the bound does not depend on how the bytes were cut.
 *
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html
 */
export function sseTransport(sink: EventSink, maxEventBytes: number): Transport {
  const parser = createParser({ onEvent: (message) => readMessage(sink, message) })
  const sieve = createSieve({
    findEnd: (bytes, from) => blankLineEnd(bytes, from, 0),
    watch: () => sink.watch(),
    read: (text) => parser.feed(text),
  })
  const frames = new Frames({
    maxBytes: maxEventBytes,
    endsWhole: endsWithBlankLine,
    findEnd: blankLineEnd,
    deliver: sieve,
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
