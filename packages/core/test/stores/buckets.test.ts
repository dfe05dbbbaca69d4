import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { bucketEdges, bucketIndex, MAX_BUCKETS } from '../../src/stores/buckets.ts'
import type { Bucket } from '../../src/types.ts'

const ZONES = [
  'UTC',
  'Europe/Berlin',
  'America/New_York',
  'America/St_Johns',
  'America/Sao_Paulo',
  'America/Noronha',
  'Africa/Cairo',
  'Africa/Casablanca',
  'Africa/Monrovia',
  'Asia/Kolkata',
  'Asia/Kathmandu',
  'Asia/Beirut',
  'Australia/Lord_Howe',
  'Pacific/Apia',
  'Pacific/Chatham',
  'Antarctica/Troll',
]
const STEP_MS = { '1m': 60_000, '15m': 900_000, '1h': 3_600_000 }
const HOUR_MS = 3_600_000

function edges(from: string, to: string, bucket: Bucket, timeZone?: string): string[] {
  return bucketEdges({ from: new Date(from), to: new Date(to), bucket, timeZone }).map((edge) =>
    new Date(edge).toISOString().replace(':00.000Z', 'Z'),
  )
}

function hours(from: string, to: string, bucket: Bucket, timeZone: string): number[] {
  const all = bucketEdges({ from: new Date(from), to: new Date(to), bucket, timeZone })
  return all.slice(1).map((edge, at) => (edge - (all[at] as number)) / HOUR_MS)
}

/** The wall clock by another way than the one under test. */
function wallClock(timeZone: string): (instant: number) => { date: string; time: string } {
  const format = new Intl.DateTimeFormat('en-CA', {
    timeZone,
    dateStyle: 'short',
    timeStyle: 'medium',
    hourCycle: 'h23',
  })
  return (instant) => {
    const [date = '', time = ''] = format.format(instant).split(', ')
    return { date, time }
  }
}

describe('bucket edges', () => {
  test('no bucket is one bucket', () => {
    expect(edges('2026-03-01T10:00Z', '2026-03-05T11:00Z', null)).toEqual(['2026-03-01T10:00Z', '2026-03-05T11:00Z'])
  })

  test('the first and the last bucket are cut to the range', () => {
    expect(edges('2026-03-01T10:07Z', '2026-03-01T10:31Z', '15m')).toEqual([
      '2026-03-01T10:07Z',
      '2026-03-01T10:15Z',
      '2026-03-01T10:30Z',
      '2026-03-01T10:31Z',
    ])
  })

  test('a range inside one bucket is one bucket', () => {
    expect(edges('2026-03-01T10:01Z', '2026-03-01T10:02Z', '1mo', 'Asia/Tokyo')).toHaveLength(2)
  })

  test('days have 23 and 25 hours where the clock changes', () => {
    expect(hours('2026-03-27T23:00Z', '2026-03-30T22:00Z', '1d', 'Europe/Berlin')).toEqual([24, 23, 24])
    expect(hours('2026-10-31T04:00Z', '2026-11-03T05:00Z', '1d', 'America/New_York')).toEqual([24, 25, 24])
  })

  test('days have 23.5 and 24.5 hours on Lord Howe', () => {
    expect(hours('2026-10-02T13:30Z', '2026-10-04T13:00Z', '1d', 'Australia/Lord_Howe')).toEqual([24, 23.5])
    expect(hours('2026-04-03T13:00Z', '2026-04-05T13:30Z', '1d', 'Australia/Lord_Howe')).toEqual([24, 24.5])
  })

  test('a day begins at 01:00 where the clock skips midnight', () => {
    expect(edges('2018-11-03T03:00Z', '2018-11-05T02:00Z', '1d', 'America/Sao_Paulo')).toEqual([
      '2018-11-03T03:00Z',
      '2018-11-04T03:00Z',
      '2018-11-05T02:00Z',
    ])
    expect(edges('2024-04-24T22:00Z', '2024-04-26T21:00Z', '1d', 'Africa/Cairo')).toEqual([
      '2024-04-24T22:00Z',
      '2024-04-25T22:00Z',
      '2024-04-26T21:00Z',
    ])
  })

  test('an hour that comes twice before midnight belongs to its day', () => {
    expect(hours('2018-02-17T02:00Z', '2018-02-19T03:00Z', '1d', 'America/Sao_Paulo')).toEqual([25, 24])
  })

  test('a day that began and was set back to the day before goes on', () => {
    expect(edges('2010-11-06T02:30Z', '2010-11-08T03:30Z', '1d', 'America/St_Johns')).toEqual([
      '2010-11-06T02:30Z',
      '2010-11-07T02:30Z',
      '2010-11-08T03:30Z',
    ])
    expect(edges('2010-11-07T02:45Z', '2010-11-08T03:30Z', '1d', 'America/St_Johns')).toHaveLength(2)
  })

  test('finds two changes of the clock a week apart', () => {
    const week = [24, 23, 24, 24, 24, 24, 24, 25, 24]
    expect(hours('2000-10-07T02:00Z', '2000-10-16T02:00Z', '1d', 'America/Noronha')).toEqual(week)
  })

  test('a date that a zone skipped has no bucket', () => {
    expect(hours('2011-12-29T10:00Z', '2012-01-01T10:00Z', '1d', 'Pacific/Apia')).toEqual([24, 24, 24])
  })

  test('months begin on the first of the month of the zone', () => {
    expect(edges('2026-01-15T00:00Z', '2026-04-10T00:00Z', '1mo', 'America/New_York')).toEqual([
      '2026-01-15T00:00Z',
      '2026-02-01T05:00Z',
      '2026-03-01T05:00Z',
      '2026-04-01T04:00Z',
      '2026-04-10T00:00Z',
    ])
  })

  test('hours begin where the clock of the zone shows a full hour', () => {
    expect(edges('2026-03-01T00:00Z', '2026-03-01T02:30Z', '1h', 'Asia/Kathmandu')).toEqual([
      '2026-03-01T00:00Z',
      '2026-03-01T00:15Z',
      '2026-03-01T01:15Z',
      '2026-03-01T02:15Z',
      '2026-03-01T02:30Z',
    ])
  })

  test('an hour that the clock repeats is two buckets, one that it skips is none', () => {
    expect(hours('2026-10-24T23:00Z', '2026-10-25T03:00Z', '1h', 'Europe/Berlin')).toEqual([1, 1, 1, 1])
    expect(hours('2026-03-28T23:00Z', '2026-03-29T03:00Z', '1h', 'Europe/Berlin')).toEqual([1, 1, 1, 1])
  })

  test('a change by half an hour makes short hours and no long ones', () => {
    expect(hours('2026-10-03T14:00Z', '2026-10-03T17:00Z', '1h', 'Australia/Lord_Howe')).toEqual([0.5, 1, 0.5, 1])
    expect(hours('2026-04-04T13:00Z', '2026-04-04T16:30Z', '1h', 'Australia/Lord_Howe')).toEqual([1, 1, 0.5, 1])
  })

  test('an offset with seconds is exact', () => {
    expect(edges('1971-12-01T00:00Z', '1971-12-02T00:00Z', '1d', 'Africa/Monrovia')[1]).toBe('1971-12-01T00:44:30.000Z')
  })

  test('takes the ends of time', () => {
    const range = { from: new Date(-8.64e15), to: new Date(8.64e15) }
    expect(bucketEdges({ ...range, bucket: null, timeZone: 'Europe/Berlin' })).toEqual([-8.64e15, 8.64e15])
    for (const [from, to] of [
      [-8.64e15, -8.64e15 + 4e9],
      [8.64e15 - 4e9, 8.64e15],
    ] as const)
      for (const timeZone of ['Pacific/Apia', 'America/New_York'])
        for (const bucket of ['1d', '1mo', '1h'] as const) {
          const all = bucketEdges({ from: new Date(from), to: new Date(to), bucket, timeZone })
          expect([all[0], all.at(-1)]).toEqual([from, to])
        }
  })
})

describe('a range that cannot be', () => {
  const ok = { from: new Date('2026-01-01T00:00Z'), to: new Date('2026-02-01T00:00Z'), bucket: null }
  const refused = [
    ['from after to', { ...ok, from: ok.to, to: ok.from }, /from must be before to/],
    ['an empty range', { ...ok, to: ok.from }, /from must be before to/],
    ['an invalid date', { ...ok, to: new Date(Number.NaN) }, /to: expected a valid Date/],
    ['a number for a date', { ...ok, from: 0 as never }, /from: expected a valid Date/],
    ['an unknown zone', { ...ok, timeZone: 'Mars/Base' }, /"Mars\/Base".*IANA/],
    ['a zone that is no string', { ...ok, timeZone: 1 as never }, /timeZone/],
    ['an unknown bucket', { ...ok, bucket: '2h' as never }, /"2h"/],
    ['a bucket named like a method', { ...ok, bucket: 'toString' as never }, /"toString"/],
    ['too many buckets', { ...ok, bucket: '1m' }, /10,000 buckets of 1m; .*shorter range.*longer bucket/],
    ['one bucket too many', { ...ok, bucket: '1m', to: new Date(ok.from.getTime() + 600_060_000) }, /10,000/],
  ] as const
  test.each(refused)('%s is refused with what to do', (_, range, message) => {
    expect(() => bucketEdges(range)).toThrow(expect.objectContaining({ code: 'bad-option' }))
    expect(() => bucketEdges(range)).toThrow(message)
  })

  test('as many buckets as allowed are given', () => {
    const to = new Date(ok.from.getTime() + 600_000_000)
    expect(bucketEdges({ ...ok, to, bucket: '1m', timeZone: 'Asia/Kolkata' })).toHaveLength(MAX_BUCKETS + 1)
  })
})

const zone = fc.constantFrom(...ZONES)
const from = fc.date({ min: new Date('1965-01-01T00:00Z'), max: new Date('2037-01-01T00:00Z'), noInvalidDate: true })

describe('laws', () => {
  const anyRange = fc.record({
    from,
    lengthMs: fc.integer({ min: 1, max: 40 * 24 * HOUR_MS }),
    timeZone: zone,
    bucket: fc.constantFrom('15m' as const, '1h' as const, '1d' as const, '1mo' as const, null),
  })

  test('edges rise strictly from the start of the range to its end', () => {
    fc.assert(
      fc.property(anyRange, ({ from, lengthMs, timeZone, bucket }) => {
        const to = new Date(from.getTime() + lengthMs)
        const all = bucketEdges({ from, to, timeZone, bucket })
        expect(all[0]).toBe(from.getTime())
        expect(all.at(-1)).toBe(to.getTime())
        expect(all.slice(1).every((edge, at) => edge > (all[at] as number))).toBe(true)
      }),
      { numRuns: 300 },
    )
  })

  test('every instant is in the bucket that holds it', () => {
    fc.assert(
      fc.property(
        anyRange,
        fc.double({ min: 0, max: 1, noNaN: true }),
        ({ from, lengthMs, timeZone, bucket }, part) => {
          const all = bucketEdges({ from, to: new Date(from.getTime() + lengthMs), timeZone, bucket })
          const instant = from.getTime() + Math.floor(part * (lengthMs - 1))
          const index = bucketIndex(all, instant)
          expect(all[index]).toBeLessThanOrEqual(instant)
          expect(all[index + 1]).toBeGreaterThan(instant)
          expect(bucketIndex(all, from.getTime() - 1)).toBe(-1)
          expect(bucketIndex(all, from.getTime() + lengthMs)).toBe(-1)
        },
      ),
      { numRuns: 300 },
    )
  })

  test('a day begins at midnight, or at the first instant of its date where midnight does not exist', () => {
    fc.assert(
      fc.property(from, fc.integer({ min: 1, max: 200 }), zone, (from, days, timeZone) => {
        const clock = wallClock(timeZone)
        const to = new Date(from.getTime() + days * 24 * HOUR_MS)
        for (const edge of bucketEdges({ from, to, timeZone, bucket: '1d' }).slice(1, -1)) {
          const { date, time } = clock(edge)
          expect(clock(edge - 1).date < date).toBe(true)
          if (time !== '00:00:00') expect(clock(edge - 1).time).toMatch(/^23:59:59/)
        }
      }),
      { numRuns: 100 },
    )
  })

  test('every date of a range has one bucket', () => {
    fc.assert(
      fc.property(from, fc.integer({ min: 1, max: 60 }), zone, (from, days, timeZone) => {
        const clock = wallClock(timeZone)
        const to = from.getTime() + days * 24 * HOUR_MS
        const dates = new Set<string>()
        let latest = ''
        for (let instant = from.getTime(); instant < to; instant += HOUR_MS / 2) {
          const { date } = clock(instant)
          if (date > latest) latest = date
          dates.add(latest)
        }
        const buckets = bucketEdges({ from, to: new Date(to), timeZone, bucket: '1d' }).length - 1
        expect(buckets - dates.size).toBeOneOf([0, 1])
      }),
      { numRuns: 60 },
    )
  })

  test('what is shorter than a day is never longer than its name, and begins at a mark of the clock or at a change of it', () => {
    const shortBucket = fc.constantFrom('1m' as const, '15m' as const, '1h' as const)
    fc.assert(
      fc.property(from, fc.integer({ min: 1, max: 72 }), zone, shortBucket, (from, hours, timeZone, bucket) => {
        const step = STEP_MS[bucket]
        const clock = wallClock(timeZone)
        const to = new Date(from.getTime() + hours * HOUR_MS)
        const all = bucketEdges({ from, to, timeZone, bucket })
        for (const [at, edge] of all.slice(1).entries()) expect(edge - (all[at] as number)).toBeLessThanOrEqual(step)
        for (const edge of all.slice(1, -1)) {
          const [, minutes = 0, seconds = 0] = clock(edge).time.split(':').map(Number)
          const [, before = 0, secondsBefore = 0] = clock(edge - 1000)
            .time.split(':')
            .map(Number)
          const isMark = (minutes * 60 + seconds) % (step / 1_000) === 0
          const isChange = (before * 60 + secondsBefore + 1) % 3_600 !== (minutes * 60 + seconds) % 3_600
          expect(isMark || isChange).toBe(true)
        }
      }),
      { numRuns: 200 },
    )
  })
})
