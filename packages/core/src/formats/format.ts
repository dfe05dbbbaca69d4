import type { Reading } from '../types.ts'

/** One event of a response: a whole JSON document, one SSE message, NDJSON line or AWS message, parsed. */
export interface WireEvent {
  /** The SSE `event:` field, or the event type of an AWS message; `'error'` of an exception. `null` where there is none. */
  name: string | null
  /**
   * The parsed JSON. Of an AWS message `{ "<event type>": payload }`, as its clients have it, and of Bedrock's `chunk`
   * what its bytes hold.
   */
  data: unknown
  /** The whole response is this one event. */
  document: boolean
}

/** What is known of the response besides its events. Hints: they break ties and fill gaps, they decide nothing. */
export interface FormatHints {
  /** Path of the request, without query: `'/v1/messages'`. Empty when it is not known. */
  path: string
  /** Method of the request: `'POST'`. */
  method: string
  /** Headers of the response. */
  headers: Headers
}

/** A key of an event's JSON, at any depth, and the values with which it may tell a format something. */
export interface WatchedKey {
  /** `'usage'`. */
  key: string
  /** Values that tell nothing, as JSON: `'null'`, `'"default"'`. Default: none. */
  unless?: readonly string[]
  /** How the texts begin that tell something: `'message_'`. Default: every value does. */
  only?: readonly string[]
}

/**
 * One wire format: how to recognise it and how its events fold into a reading. Pure: the same events give the same
 * reading, and nothing is kept outside `seen`. `seen` keeps counts and short texts, never events.
 */
export interface Format<Seen = unknown> {
  /** `'openai-chat'`. */
  name: string
  /** OpenTelemetry's `gen_ai.operation.name`; `null` when the format serves several. */
  operation: string | null
  /** A JSON array is a stream of its events, read as its elements come. Default false: an array is one document. */
  arrays?: boolean
  /** True when the event can only be of this format. Asked until one format says yes. */
  matches(event: WireEvent, hints: FormatHints): boolean
  /** The state before the first event. */
  start(hints: FormatHints): Seen
  /** Folds one event into what was seen. */
  read(seen: Seen, event: WireEvent): Seen
  /**
   * What to look for in the text of an event of a stream before it is parsed: an event with none of these keys leaves
   * `seen` as it is, and is not given to `read`. Parsing is most of what a stream costs. The same array means the same
   * keys. Left out, every event is parsed.
   */
  watch?(seen: Seen): readonly WatchedKey[]
  /**
   * What the events add up to. `complete`: the whole document, or the stream's own end mark (`[DONE]`), was seen. A
   * format that ends its streams with an event of its own knows better. `raw` is the provider's usage object as it
   * came: the meter keeps of it what is safe to keep.
   */
  finish(seen: Seen, complete: boolean): FormatReading
}

/** What a format knows; the meter adds the rest of the reading. */
export type FormatReading = Pick<Reading, 'model' | 'responseId' | 'lines' | 'raw'> &
  Partial<Pick<Reading, 'operation' | 'prefillTokens' | 'draftTokens' | 'replay'>>

/** Types a format and gives it back. */
export function defineFormat<Seen>(format: Format<Seen>): Format<Seen> {
  return format
}
