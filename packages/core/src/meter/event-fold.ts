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

export interface EventFold extends EventSink {
  result(): FoldResult
}

/** Events of one body that begin as an object and may turn out to be none: to be told so costs microseconds, which a stream of them adds up. */
const MOST_FAILURES = 10_000

/**
 * Chooses the format by the first event that one recognises, and folds every event into its reading.
 *
 * @param besides formats of what a gateway says beside a body of any format: read where that says nothing
 */
export function foldEvents(formats: readonly Format[], besides: readonly Format[], hints: FormatHints): EventFold {
  const whole = pass(formats, besides, hints)
  /** Since the last event that was let go: what came before may have been corrected in that. */
  let later: Pass | null = null
  let loss: LossReason = 'too_large'
  let readable = false
  let unreadable = false
  let failures = 0
  let complete = false
  let interrupted = false

  return {
    event(event) {
      readable = true
      complete ||= event.document
      interrupted ||= !event.document && tellsOfError(event)
      whole.read(event)
      later?.read(event)
    },
    readsArraysOf(event) {
      return formats.some((format) => format.arrays && attempt(() => format.matches(event, hints), false))
    },
    unreadable(text, name = null) {
      unreadable = true
      interrupted ||= name === 'error'
      if (beginsAsObject(text) && ++failures > MOST_FAILURES) throw new Error('too many events are no JSON')
    },
    skipped(why = 'too_large') {
      loss = why
      later = pass(whole.format ? [whole.format] : formats, besides, hints)
    },
    watch() {
      return later ? null : whole.watch()
    },
    done() {
      complete = true
    },
    result() {
      const finished = complete && !interrupted
      const { format, reading } = whole.finish(finished)
      const counted = (later ?? whole).finish(finished).reading?.lines.length ?? 0
      if (reading && counted > 0) return { format, reading, reason: null, interrupted }
      const reason = later ? loss : unreadable && !readable ? 'unreadable_body' : 'no_usage'
      return { format, reading: reading && { ...reading, lines: [], raw: null }, reason, interrupted }
    },
  }
}

/** All providers tell of an error in a stream with an event of that name, type or object, or in a field of that name. */
function tellsOfError({ name, data }: WireEvent): boolean {
  const event = object(data)
  return name === 'error' || event?.type === 'error' || event?.object === 'error' || Boolean(event?.error)
}

interface Pass {
  /** The body's own format. */
  readonly format: Format | null
  /** As that of an `EventSink`. */
  watch(): Watch | null | undefined
  read(event: WireEvent): void
  finish(complete: boolean): Pick<FoldResult, 'format' | 'reading'>
}

/** Some of the events, as the body's own format tells them, or else as the gateway does. */
function pass(formats: readonly Format[], besides: readonly Format[], hints: FormatHints): Pass {
  const own = reader(formats, hints, () => watchedBy(besides, hints))
  const beside = reader(besides, hints, () => [])
  /** Kept for the gateway, which is asked only if it tells no counts. */
  let document: WireEvent | null = null
  return {
    get format() {
      return own.format
    },
    watch: own.watch,
    read(event) {
      own.read(event)
      if (event.document) document = event
      else beside.read(event)
    },
    finish(complete) {
      const reading = own.finish(complete)
      if (reading && reading.lines.length > 0) return { format: own.format, reading }
      if (document) beside.read(document)
      document = null
      const told = beside.finish(complete)
      if (!told || told.lines.length === 0) return { format: own.format, reading }
      return { format: beside.format, reading: reading ? answeredAs(reading, told, own.format) : told }
    },
  }
}

/** What all of these look for; `null` when one of them must see every event. */
function watchedBy(formats: readonly Format[], hints: FormatHints): readonly WatchedKey[] | null {
  const keys = formats.map((format) => attempt(() => format.watch?.(format.start(hints)), undefined))
  return keys.every((some) => some !== undefined) ? keys.flat() : null
}

/** The gateway's counts for an answer of which the body says all the rest. */
function answeredAs(reading: FormatReading, told: FormatReading, format: Format | null): FormatReading {
  const { model, responseId, operation = format?.operation ?? null } = reading
  return { ...told, model, responseId, operation, lines: told.lines.map((line) => ({ ...line, model })) }
}

interface Reader {
  readonly format: Format | null
  watch(): Watch | null | undefined
  read(event: WireEvent): void
  finish(complete: boolean): FormatReading | null
}

/**
 * One format over some of the events. A format that throws has read nothing.
 *
 * @param besides what others look for in the events that the format does not ask for; `null`: all of them
 */
function reader(formats: readonly Format[], hints: FormatHints, besides: () => readonly WatchedKey[] | null): Reader {
  let format: Format | null = null
  let seen: unknown
  /** What `watch` looks for. */
  let watched: readonly WatchedKey[] | undefined
  let watch: Watch | null | undefined
  let others: readonly WatchedKey[] | null | undefined
  let changed = false

  function choose(event: WireEvent): Format | null {
    const chosen = formats.find((candidate) => attempt(() => candidate.matches(event, hints), false)) ?? null
    if (chosen) seen = chosen.start(hints)
    return chosen
  }

  function watchOf(reading: Format): Watch | null {
    const keys = attempt(() => reading.watch?.(seen), undefined)
    if (others === undefined) others = besides()
    if (keys === undefined || others === null) return null
    if (watch && keys === watched) return watch
    watched = keys
    return watchFor([...keys, ...others])
  }

  return {
    get format() {
      return format
    },
    read(event) {
      format ??= choose(event)
      const reading = format
      if (!reading) return
      seen = attempt(() => reading.read(seen, event), seen)
      changed = true
    },
    watch() {
      if (changed && format && watch !== null) watch = watchOf(format)
      changed = false
      return watch
    },
    finish(complete) {
      const reading = format
      const told = reading ? attempt(() => reading.finish(seen, complete), null) : null
      return Array.isArray(told?.lines) ? told : null
    },
  }
}

function attempt<Value>(run: () => Value, otherwise: Value): Value {
  try {
    return run()
  } catch {
    return otherwise
  }
}
