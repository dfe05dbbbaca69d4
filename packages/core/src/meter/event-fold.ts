import type { Format, FormatHints, FormatReading, WatchedKey, WireEvent } from '../formats/format.ts'
import { object } from '../formats/wire.ts'
import type { ReadingReason } from '../types.ts'
import { beginsAsObject, type EventSink } from './transport.ts'
import { createWatch, type Watch } from './watch.ts'

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

/** Chooses the format by the first event that one recognises, and folds every event into its reading. */
export function foldEvents(formats: readonly Format[], hints: FormatHints): EventFold {
  const whole = pass(formats, hints)
  /** Since the last skipped event: what came before may have been corrected in what was skipped. */
  let later: Pass | null = null
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
    unreadable(text) {
      unreadable = true
      if (beginsAsObject(text) && ++failures > MOST_FAILURES) throw new Error('too many events are no JSON')
    },
    skipped() {
      later = pass(whole.format ? [whole.format] : formats, hints)
    },
    watch() {
      return later ? null : whole.watch()
    },
    done() {
      complete = true
    },
    result() {
      const format = whole.format
      const finished = complete && !interrupted
      const reading = whole.finish(finished)
      const counted = (later ?? whole).finish(finished)?.lines.length ?? 0
      if (reading && counted > 0) return { format, reading, reason: null, interrupted }
      const reason = later ? 'too_large' : unreadable && !readable ? 'unreadable_body' : 'no_usage'
      return { format, reading: reading && { ...reading, lines: [], raw: null }, reason, interrupted }
    },
  }
}

/** All providers tell of an error in a stream with an event of that name or type, or in a field of that name. */
function tellsOfError({ name, data }: WireEvent): boolean {
  const event = object(data)
  return name === 'error' || event?.type === 'error' || Boolean(event?.error)
}

interface Pass {
  readonly format: Format | null
  watch(): Watch | null | undefined
  read(event: WireEvent): void
  finish(complete: boolean): FormatReading | null
}

/** One format over some of the events. A format that throws has read nothing. */
function pass(formats: readonly Format[], hints: FormatHints): Pass {
  let format: Format | null = null
  let seen: unknown
  /** What `watch` looks for. */
  let watched: readonly WatchedKey[] | undefined
  let watch: Watch | null | undefined
  let changed = false

  function choose(event: WireEvent): Format | null {
    const chosen = formats.find((candidate) => attempt(() => candidate.matches(event, hints), false)) ?? null
    if (chosen) seen = chosen.start(hints)
    return chosen
  }

  function watchFor(reader: Format): Watch | null {
    const keys = attempt(() => reader.watch?.(seen), undefined)
    if (keys === undefined) return null
    if (watch && keys === watched) return watch
    watched = keys
    return createWatch(keys)
  }

  return {
    get format() {
      return format
    },
    read(event) {
      format ??= choose(event)
      const reader = format
      if (!reader) return
      seen = attempt(() => reader.read(seen, event), seen)
      changed = true
    },
    watch() {
      if (changed && format && watch !== null) watch = watchFor(format)
      changed = false
      return watch
    },
    finish(complete) {
      const reader = format
      return reader ? attempt(() => reader.finish(seen, complete), null) : null
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
