import { lineEnd, splitFrames } from './frames.ts'
import { decodeText, type EventSink, parseEvent, type Transport } from './transport.ts'

/** One JSON value a line. */
export function ndjsonTransport(sink: EventSink, maxEventBytes: number): Transport {
  const frames = splitFrames({
    maxBytes: maxEventBytes,
    findEnd: lineEnd,
    deliver(bytes) {
      for (const line of decodeText(bytes).split('\n')) readLine(sink, line)
    },
    skipped: sink.skipped,
  })
  return { streamed: true, write: frames.write, end: frames.end }
}

function readLine(sink: EventSink, line: string): void {
  if (line.trim() === '') return
  const value = parseEvent(line)
  if (value === undefined) sink.unreadable(line)
  else sink.event({ name: null, data: value, document: false })
}
