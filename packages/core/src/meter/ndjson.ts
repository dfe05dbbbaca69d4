import { Frames, lastLineEnd, lineEnd } from './frames.ts'
import { Sieve } from './sieve.ts'
import { type EventSink, parseEvent, type Transport } from './transport.ts'

/** One JSON value a line. */
export function ndjsonTransport(sink: EventSink, maxEventBytes: number): Transport {
  const sieve = new Sieve({
    framing: 'ndjson',
    findEnd: (text, from) => text.indexOf('\n', from) + 1 || -1,
    watch: () => sink.watch(),
    read(text) {
      for (const line of text.split('\n')) readLine(sink, line)
    },
  })
  const frames = new Frames({
    maxBytes: maxEventBytes,
    lastEnd: lastLineEnd,
    findEnd: lineEnd,
    deliver: (bytes) => sieve.write(bytes),
    skipped: () => sink.skipped(),
  })
  return { streamed: true, write: (bytes) => frames.write(bytes), end: () => frames.end() }
}

function readLine(sink: EventSink, line: string): void {
  if (line.trim() === '') return
  const value = parseEvent(line)
  if (value === undefined) sink.unreadable(line)
  else sink.event({ name: null, data: value, document: false })
}
