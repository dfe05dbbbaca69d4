import { UsageError } from '../errors.ts'

/** A stretch of time in which a zone's clock keeps one distance from UTC. */
export interface OffsetSegment {
  /** First instant, in epoch milliseconds. */
  start: number
  /** First instant after it. */
  end: number
  /** Local time minus UTC, in milliseconds. */
  offset: number
}

/** Shorter than any two changes of a zone's clock that undo each other (seven days, Noronha 2000). */
const PROBE_MS = 6 * 86_400_000
const SECOND_MS = 1_000
const MAX_FORMATTERS = 64

const formatters = new Map<string, Intl.DateTimeFormat>()

/**
 * The segments of constant offset that cover `[from, to)`, in order. The clock is probed every few days and a change
 * is then found by halving, so that a year costs about 60 calls of `Intl`, whatever is drawn on it.
 *
 * @throws UsageError `bad-option` for a zone that this runtime does not know
 */
export function offsetSegments(timeZone: string, from: number, to: number): OffsetSegment[] {
  const offsetAt = offsetReader(timeZone)
  const segments: OffsetSegment[] = []
  let start = from
  let offset = offsetAt(from)
  for (let probed = from; probed < to; ) {
    const probe = Math.min(probed + PROBE_MS, to)
    if (offsetAt(probe) === offset) {
      probed = probe
      continue
    }
    const change = firstChange(offsetAt, probed, probe, offset)
    if (change >= to) break
    segments.push({ start, end: change, offset })
    start = change
    probed = change
    offset = offsetAt(change)
  }
  segments.push({ start, end: to, offset })
  return segments
}

/** The first whole second in `(low, high]` at which the offset is no longer `offset`. */
function firstChange(offsetAt: (instant: number) => number, low: number, high: number, offset: number): number {
  let before = Math.floor(low / SECOND_MS)
  let after = Math.ceil(high / SECOND_MS)
  while (after - before > 1) {
    const middle = Math.floor((before + after) / 2)
    if (offsetAt(middle * SECOND_MS) === offset) before = middle
    else after = middle
  }
  return after * SECOND_MS
}

function offsetReader(timeZone: string): (instant: number) => number {
  if (timeZone === 'UTC') return () => 0
  const formatter = formatterOf(timeZone)
  return (instant) => parseOffset(formatter.format(instant))
}

function formatterOf(timeZone: string): Intl.DateTimeFormat {
  const known = formatters.get(timeZone)
  if (known) return known
  const formatter = createFormatter(timeZone)
  if (formatters.size >= MAX_FORMATTERS) formatters.clear()
  formatters.set(timeZone, formatter)
  return formatter
}

function createFormatter(timeZone: string): Intl.DateTimeFormat {
  try {
    return new Intl.DateTimeFormat('en-US', { timeZone, timeZoneName: 'longOffset' })
  } catch (cause) {
    const message = `timeZone: ${JSON.stringify(timeZone)} is not a time zone that this runtime knows; give an IANA name such as 'Europe/Berlin'`
    throw new UsageError('bad-option', message, { cause })
  }
}

/** `'1/1/1970, GMT-00:44:30'` is -2,670,000; `'GMT'` alone is 0. */
function parseOffset(text: string): number {
  const match = /GMT(?:([+-])(\d+):(\d+)(?::(\d+))?)?$/.exec(text)
  if (!match?.[1]) return 0
  const seconds = Number(match[2]) * 3_600 + Number(match[3]) * 60 + Number(match[4] ?? 0)
  return (match[1] === '-' ? -seconds : seconds) * SECOND_MS
}
