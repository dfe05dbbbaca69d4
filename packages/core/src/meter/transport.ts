import type { WireEvent } from '../formats/format.ts'
import type { ReadingReason } from '../types.ts'
import { isTooDeep } from './nesting.ts'
import type { Watch } from './watch.ts'

/** Turns the bytes of one body into events. Knows how events are framed, and no provider. */
export interface Transport {
  /** The body is a stream of events, not one document. Known after `end()`. */
  readonly streamed: boolean
  /** Keeps no reference to `bytes`. */
  write(bytes: Uint8Array): void
  /** No more bytes will come; what is held is an event if it can be one. */
  end(): void
}

/** Why an event, or a document, was let go without being read. */
export type LossReason = Extract<ReadingReason, 'too_large' | 'unreadable_body'>

/** Where a transport puts what it finds. */
export interface EventSink {
  event(event: WireEvent): void
  /** True when a format reads arrays of such events as they come. */
  readsArraysOf(event: WireEvent): boolean
  /**
   * An event that is not JSON.
   *
   * @param name the SSE `event:` field. Default `null`
   * @throws when too many of them had to be parsed to know it
   */
  unreadable(text: string, name?: string | null): void
  /**
   * An event, or a document, that was let go.
   *
   * @param why it is larger than its bound, or its bytes are not those that were sent. Default `'too_large'`
   */
  skipped(why?: LossReason): void
  /** What to look for in an event before it is parsed: `null`, each may tell something; `undefined`, not known yet. */
  watch(): Watch | null | undefined
  /** The stream's own end mark, which is not JSON: `[DONE]`. */
  done(): void
}

/** How JSON begins. To be told by an exception that a text is none costs a hundred times as much. */
const BEGINNING = /^[\t\n\r ]*["{[\-\dtfn]/

/** False for most texts that are no JSON. */
function beginsLikeJson(text: string): boolean {
  return BEGINNING.test(text)
}

/** The JSON value of one event, `undefined` when it is none; usage stands in objects, so anything else is not parsed. */
export function parseEvent(text: string): unknown {
  return beginsAsObject(text) ? parseJson(text) : undefined
}

/** False for all texts that are neither an object nor an array. */
export function beginsAsObject(text: string): boolean {
  return /^[\t\n\r ]*[{[]/.test(text)
}

/** The JSON value of a text, `undefined` when it is not JSON, or nested too deep. */
export function parseJson(text: string): unknown {
  if (!beginsLikeJson(text) || isTooDeep(text)) return undefined
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** A byte order mark is a character here: the body's own was taken off, and one further on is part of an event. */
const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

/** The text of whole frames. What is not UTF-8 becomes U+FFFD. */
export function decodeText(bytes: Uint8Array): string {
  return decoder.decode(bytes)
}
