import type { WireEvent } from '../formats/format.ts'

/** Turns the bytes of one body into events. Knows how events are framed, and no provider. */
export interface Transport {
  /** The body is a stream of events, not one document. Known after `end()`. */
  readonly streamed: boolean
  /** Keeps no reference to `bytes`. */
  write(bytes: Uint8Array): void
  /** No more bytes will come; what is held is an event if it can be one. */
  end(): void
}

/** Where a transport puts what it finds. */
export interface EventSink {
  event(event: WireEvent): void
  /** An event that is not JSON. */
  unreadable(): void
  /** An event, or a document, larger than its bound. It was let go. */
  skipped(): void
  /** The stream's own end mark, which is not JSON: `[DONE]`. */
  done(): void
}

/** The JSON value of a text, `undefined` when it is not JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
