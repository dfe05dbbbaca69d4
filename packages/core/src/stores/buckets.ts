import { UsageError } from '../errors.ts'
import type { Bucket, TimeRange } from '../types.ts'
import { type OffsetSegment, offsetSegments } from './time-zone.ts'

/** What is to be cut into buckets. */
export interface BucketRange extends TimeRange {
  bucket: Bucket
  /** Default `'UTC'`. */
  timeZone?: string | undefined
}

/** Buckets that one answer may have. */
export const MAX_BUCKETS = 10_000

const DAY_MS = 86_400_000
/** Zones lie less than a day and a quarter from UTC, so no date begins longer than this before a clock goes back. */
const LOOK_BACK_MS = 2 * DAY_MS

/** The length of a bucket; of a month, the longest. */
const LENGTH_MS: Record<Exclude<Bucket, null>, number> = {
  '1m': 60_000,
  '15m': 900_000,
  '1h': 3_600_000,
  '1d': DAY_MS,
  '1mo': 31 * DAY_MS,
}

/**
 * The edges of the buckets of a range, as epoch milliseconds: bucket `n` is `[edges[n], edges[n + 1])`. The first edge
 * is `from`, the last is `to`; those between are the zone's own:
 *
 * - Days and months begin at the first instant of the local date: its midnight, or where the clock skips midnight, the
 *   moment it is put forward. A date that a zone skipped has no bucket; an hour that comes twice at midnight belongs to
 *   the date that it came in first.
 * - `1m`, `15m` and `1h` begin where the zone's wall clock shows a multiple of them, and where a change of the clock
 *   shifts these marks (Lord Howe's half hour). So none is longer than its name, and an hour that the clock repeats is
 *   two buckets.
 *
 * @throws UsageError `bad-option` for a range, bucket or zone that cannot be, and past `MAX_BUCKETS`
 */
export function bucketEdges(range: BucketRange): number[] {
  const { from, to } = checkRange(range)
  const { bucket, timeZone = 'UTC' } = range
  if (typeof timeZone !== 'string') throw new UsageError('bad-option', 'timeZone: expected a string')
  if (bucket === null) {
    offsetSegments(timeZone, from, from)
    return [from, to]
  }
  const length = Object.hasOwn(LENGTH_MS, bucket) ? LENGTH_MS[bucket] : undefined
  if (length === undefined) throw new UsageError('bad-option', `bucket: ${JSON.stringify(bucket)} is not a bucket`)
  if ((to - from) / length > MAX_BUCKETS + 2) throw tooManyBuckets(bucket)
  const edges =
    bucket === '1d' || bucket === '1mo'
      ? calendarEdges(bucket, offsetSegments(timeZone, Math.max(from - LOOK_BACK_MS, -8.64e15), to), from)
      : clockEdges(length, offsetSegments(timeZone, from, to))
  if (edges.length > MAX_BUCKETS) throw tooManyBuckets(bucket)
  edges.push(to)
  return edges
}

/** Index of the bucket that holds the instant; -1 outside the range. */
export function bucketIndex(edges: readonly number[], instant: number): number {
  let low = 0
  let high = edges.length - 1
  if (!(instant >= (edges[0] as number) && instant < (edges[high] as number))) return -1
  while (high - low > 1) {
    const middle = (low + high) >>> 1
    if (instant >= (edges[middle] as number)) low = middle
    else high = middle
  }
  return low
}

/**
 * The instants of a range.
 *
 * @throws UsageError `bad-option` when one is no valid `Date`, or `from` is not before `to`
 */
export function checkRange(range: TimeRange): { from: number; to: number } {
  const from = instantOf('from', range.from)
  const to = instantOf('to', range.to)
  if (from >= to) {
    const seen = `from ${range.from.toISOString()}, to ${range.to.toISOString()}`
    throw new UsageError('bad-option', `from must be before to: ${seen}`)
  }
  return { from, to }
}

/** @throws UsageError `bad-option` when the value is no valid `Date` */
export function instantOf(name: string, value: unknown): number {
  const instant = value instanceof Date ? value.getTime() : Number.NaN
  if (Number.isNaN(instant)) throw new UsageError('bad-option', `${name}: expected a valid Date`)
  return instant
}

/** Edges at the marks of the wall clock. */
function clockEdges(step: number, segments: readonly OffsetSegment[]): number[] {
  const edges: number[] = []
  let offset = segments[0]?.offset ?? 0
  for (const segment of segments) {
    const shifted = (segment.offset - offset) % step !== 0
    offset = segment.offset
    const first = Math.ceil((segment.start + offset) / step) * step - offset
    if (first !== segment.start && (edges.length === 0 || shifted)) edges.push(segment.start)
    for (let edge = first; edge < segment.end; edge += step) edges.push(edge)
  }
  return edges
}

/** Edges at the first instants of local dates. A date that has begun does not begin again. */
function calendarEdges(bucket: '1d' | '1mo', segments: readonly OffsetSegment[], from: number): number[] {
  const edges = [from]
  let latest = Number.NEGATIVE_INFINITY
  for (const { start, end, offset } of segments) {
    for (let instant = start; instant < end; ) {
      const period = periodStart(bucket, instant + offset)
      if (period > latest && instant > from) edges.push(instant)
      latest = Math.max(latest, period)
      instant = nextPeriod(bucket, period) - offset
    }
  }
  return edges
}

/** Start of the local date or month, in local milliseconds. */
function periodStart(bucket: '1d' | '1mo', local: number): number {
  const day = Math.floor(local / DAY_MS) * DAY_MS
  return bucket === '1d' ? day : day - (new Date(day).getUTCDate() - 1) * DAY_MS
}

function nextPeriod(bucket: '1d' | '1mo', period: number): number {
  return bucket === '1d' ? period + DAY_MS : periodStart('1mo', period + 31 * DAY_MS)
}

function tooManyBuckets(bucket: string): UsageError {
  const limit = MAX_BUCKETS.toLocaleString('en-US')
  return new UsageError(
    'bad-option',
    `bucket: the range has more than ${limit} buckets of ${bucket}; ask for a shorter range or a longer bucket`,
  )
}
