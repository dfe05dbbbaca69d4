import type { Format, FormatHints, FormatReading, WatchedKey, WireEvent } from '../formats/format.ts'
import { object } from '../formats/wire.ts'
import type { ReadingReason } from '../types.ts'
import { beginsAsObject, type EventSink, type LossReason } from './transport.ts'
import { type Watch, watchFor } from './watch.ts'

/** What the events of one body add up to. */
export interface FoldResult {
  format: Format | null
  reading: FormatReading | null
  /** Why there are no lines; `null` when there are. */
  reason: Exclude<ReadingReason, 'encoded_body'> | null
  /** A stream told of an error. */
  interrupted: boolean
}

/** Events of one body that begin as an object and may turn out to be none: to be told so costs microseconds, which a stream of them adds up. */
const MOST_FAILURES = 10_000

/** Chooses the format by the first event that one recognises, and folds every event into its reading. */
export class EventFold implements EventSink {
  readonly #formats: readonly Format[]
  readonly #besides: readonly Format[]
  readonly #hints: FormatHints
  readonly #whole: Pass
  /** Since the last event that was let go: what came before may have been corrected in that. */
  #later: Pass | null = null
  #loss: LossReason = 'too_large'
  #readable = false
  #unreadable = false
  #failures = 0
  #complete = false
  #interrupted = false

  /** @param besides formats of what a gateway says beside a body of any format: read where that says nothing */
  constructor(formats: readonly Format[], besides: readonly Format[], hints: FormatHints) {
    this.#formats = formats
    this.#besides = besides
    this.#hints = hints
    this.#whole = new Pass(formats, besides, hints)
  }

  event(event: WireEvent): void {
    this.#readable = true
    this.#complete ||= event.document
    this.#interrupted ||= !event.document && tellsOfError(event)
    this.#whole.read(event)
    this.#later?.read(event)
  }

  readsArraysOf(event: WireEvent): boolean {
    return this.#formats.some((format) => format.arrays && attempt(() => format.matches(event, this.#hints), false))
  }

  unreadable(text: string, name: string | null = null): void {
    this.#unreadable = true
    this.#interrupted ||= name === 'error'
    if (beginsAsObject(text) && ++this.#failures > MOST_FAILURES) throw new Error('too many events are no JSON')
  }

  skipped(why: LossReason = 'too_large'): void {
    this.#loss = why
    const { format } = this.#whole
    this.#later = new Pass(format ? [format] : this.#formats, this.#besides, this.#hints)
  }

  watch(): Watch | null | undefined {
    return this.#later ? null : this.#whole.watch()
  }

  done(): void {
    this.#complete = true
  }

  result(): FoldResult {
    const interrupted = this.#interrupted
    const finished = this.#complete && !interrupted
    const { format, reading } = this.#whole.finish(finished)
    const last = this.#later ? this.#later.finish(finished).reading : reading
    if (reading && last && last.lines.length > 0) return { format, reading, reason: null, interrupted }
    const reason = this.#later ? this.#loss : this.#unreadable && !this.#readable ? 'unreadable_body' : 'no_usage'
    return { format, reading: reading && { ...reading, lines: [], raw: null }, reason, interrupted }
  }
}

/** All providers tell of an error in a stream with an event of that name, type or object, or in a field of that name. */
function tellsOfError({ name, data }: WireEvent): boolean {
  const event = object(data)
  return name === 'error' || event?.type === 'error' || event?.object === 'error' || Boolean(event?.error)
}

/** Some of the events, as the body's own format tells them, or else as the gateway does. */
class Pass {
  readonly #own: Reader
  readonly #beside: Reader
  /** Kept for the gateway, which is asked only if it tells no counts. */
  #document: WireEvent | null = null

  constructor(formats: readonly Format[], besides: readonly Format[], hints: FormatHints) {
    this.#own = new Reader(formats, hints, besides)
    this.#beside = new Reader(besides, hints, [])
  }

  /** The body's own format. */
  get format(): Format | null {
    return this.#own.format
  }

  /** As that of an `EventSink`. */
  watch(): Watch | null | undefined {
    return this.#own.watch()
  }

  read(event: WireEvent): void {
    this.#own.read(event)
    if (event.document) this.#document = event
    else this.#beside.read(event)
  }

  finish(complete: boolean): Pick<FoldResult, 'format' | 'reading'> {
    const { format } = this.#own
    const reading = this.#own.finish(complete)
    if (reading && reading.lines.length > 0) return { format, reading }
    if (this.#document) this.#beside.read(this.#document)
    this.#document = null
    const told = this.#beside.finish(complete)
    if (!told || told.lines.length === 0) return { format, reading }
    return { format: this.#beside.format, reading: reading ? answeredAs(reading, told, format) : told }
  }
}

/** What all of these look for, of one alone its own array; `null` when one of them must see every event. */
function watchedBy(formats: readonly Format[], hints: FormatHints): readonly WatchedKey[] | null {
  const keys = formats.map((format) => attempt(() => format.watch?.(format.start(hints)), undefined))
  if (!keys.every((some) => some !== undefined)) return null
  const [only, another] = keys
  return only && !another ? only : keys.flat()
}

/** The gateway's counts for an answer of which the body says all the rest. */
function answeredAs(reading: FormatReading, told: FormatReading, format: Format | null): FormatReading {
  const { model, responseId, operation = format?.operation ?? null } = reading
  return { ...told, model, responseId, operation, lines: told.lines.map((line) => ({ ...line, model })) }
}

/** One format over some of the events. A format that throws has read nothing. */
class Reader {
  format: Format | null = null
  readonly #formats: readonly Format[]
  readonly #hints: FormatHints
  readonly #besides: readonly Format[]
  #seen: unknown
  /** What `watch` looks for, of its own and for others. */
  #keys: readonly WatchedKey[] | undefined
  #others: readonly WatchedKey[] | null | undefined
  #watch: Watch | null | undefined
  #changed = false

  /** @param besides formats that want to see some of the events for which `formats` do not ask */
  constructor(formats: readonly Format[], hints: FormatHints, besides: readonly Format[]) {
    this.#formats = formats
    this.#hints = hints
    this.#besides = besides
  }

  read(event: WireEvent): void {
    this.format ??= this.#choose(event)
    const { format } = this
    if (!format) return
    this.#seen = attempt(() => format.read(this.#seen, event), this.#seen)
    this.#changed = true
  }

  watch(): Watch | null | undefined {
    if (this.#changed && this.format && this.#watch !== null) this.#watch = this.#watchOf(this.format)
    this.#changed = false
    return this.#watch
  }

  finish(complete: boolean): FormatReading | null {
    const { format } = this
    const told = format && attempt(() => format.finish(this.#seen, complete), null)
    return Array.isArray(told?.lines) ? told : null
  }

  #choose(event: WireEvent): Format | null {
    const chosen = this.#formats.find((format) => attempt(() => format.matches(event, this.#hints), false)) ?? null
    if (chosen) this.#seen = chosen.start(this.#hints)
    return chosen
  }

  #watchOf(format: Format): Watch | null {
    const keys = attempt(() => format.watch?.(this.#seen), undefined)
    if (this.#others === undefined) this.#others = watchedBy(this.#besides, this.#hints)
    if (keys === undefined || this.#others === null) return null
    if (this.#watch && keys === this.#keys) return this.#watch
    this.#keys = keys
    return watchFor(keys, this.#others)
  }
}

function attempt<Value>(run: () => Value, otherwise: Value): Value {
  try {
    return run()
  } catch {
    return otherwise
  }
}
