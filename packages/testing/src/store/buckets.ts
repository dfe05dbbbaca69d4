import type { Bucket } from '@withusage/core'
import { expect, test } from 'vitest'
import { sampleRecord } from '../sample-record.ts'
import { type CreateStore, withStore, writeRecords } from './with-store.ts'

interface Case {
  what: string
  bucket: Bucket
  timeZone?: string
  from: string
  to: string
  /** When records begin, and the bucket each belongs to. */
  records: readonly (readonly [createdAt: string, start: string])[]
  /** Starts of all buckets; only of those with records when left out. */
  starts?: readonly string[]
}

const cases: Case[] = [
  {
    what: 'minutes',
    bucket: '1m',
    from: '2026-03-10T12:00:00Z',
    to: '2026-03-10T12:03:00Z',
    records: [
      ['2026-03-10T12:00:59.999Z', '2026-03-10T12:00:00Z'],
      ['2026-03-10T12:01:00Z', '2026-03-10T12:01:00Z'],
    ],
    starts: ['2026-03-10T12:00:00Z', '2026-03-10T12:01:00Z', '2026-03-10T12:02:00Z'],
  },
  {
    what: 'quarters of an hour, the first and the last cut to the range',
    bucket: '15m',
    from: '2026-03-10T12:10:00Z',
    to: '2026-03-10T12:40:00Z',
    records: [
      ['2026-03-10T12:14:59Z', '2026-03-10T12:10:00Z'],
      ['2026-03-10T12:15:00Z', '2026-03-10T12:15:00Z'],
      ['2026-03-10T12:39:59Z', '2026-03-10T12:30:00Z'],
    ],
    starts: ['2026-03-10T12:10:00Z', '2026-03-10T12:15:00Z', '2026-03-10T12:30:00Z'],
  },
  {
    what: 'hours of a zone that is half an hour off',
    bucket: '1h',
    timeZone: 'Asia/Kolkata',
    from: '2026-03-10T12:00:00Z',
    to: '2026-03-10T13:45:00Z',
    records: [
      ['2026-03-10T12:29:59Z', '2026-03-10T12:00:00Z'],
      ['2026-03-10T12:30:00Z', '2026-03-10T12:30:00Z'],
    ],
    starts: ['2026-03-10T12:00:00Z', '2026-03-10T12:30:00Z', '2026-03-10T13:30:00Z'],
  },
  {
    what: 'days of UTC by default',
    bucket: '1d',
    from: '2026-03-10T12:00:00Z',
    to: '2026-03-12T00:00:00Z',
    records: [['2026-03-11T00:00:00Z', '2026-03-11T00:00:00Z']],
    starts: ['2026-03-10T12:00:00Z', '2026-03-11T00:00:00Z'],
  },
  {
    what: 'days of 23 and 24 hours',
    bucket: '1d',
    timeZone: 'Europe/Berlin',
    from: '2026-03-28T23:00:00Z',
    to: '2026-03-30T22:00:00Z',
    records: [
      ['2026-03-29T21:59:59Z', '2026-03-28T23:00:00Z'],
      ['2026-03-29T22:00:00Z', '2026-03-29T22:00:00Z'],
    ],
    starts: ['2026-03-28T23:00:00Z', '2026-03-29T22:00:00Z'],
  },
  {
    what: 'a day of 25 hours',
    bucket: '1d',
    timeZone: 'America/New_York',
    from: '2026-11-01T04:00:00Z',
    to: '2026-11-03T05:00:00Z',
    records: [
      ['2026-11-02T04:59:59Z', '2026-11-01T04:00:00Z'],
      ['2026-11-02T05:00:00Z', '2026-11-02T05:00:00Z'],
    ],
    starts: ['2026-11-01T04:00:00Z', '2026-11-02T05:00:00Z'],
  },
  {
    what: 'a day whose midnight does not exist',
    bucket: '1d',
    timeZone: 'America/Sao_Paulo',
    from: '2018-11-03T03:00:00Z',
    to: '2018-11-05T02:00:00Z',
    records: [
      ['2018-11-04T02:59:59Z', '2018-11-03T03:00:00Z'],
      ['2018-11-04T03:00:00Z', '2018-11-04T03:00:00Z'],
    ],
    starts: ['2018-11-03T03:00:00Z', '2018-11-04T03:00:00Z'],
  },
  {
    what: 'months of a zone',
    bucket: '1mo',
    timeZone: 'Australia/Lord_Howe',
    from: '2026-03-15T00:00:00Z',
    to: '2026-05-15T00:00:00Z',
    records: [
      ['2026-03-31T12:59:59Z', '2026-03-15T00:00:00Z'],
      ['2026-03-31T13:00:00Z', '2026-03-31T13:00:00Z'],
      ['2026-04-30T13:30:00Z', '2026-04-30T13:30:00Z'],
    ],
    starts: ['2026-03-15T00:00:00Z', '2026-03-31T13:00:00Z', '2026-04-30T13:30:00Z'],
  },
]

/** `aggregate` and `account` over time: which bucket an instant belongs to, and that empty ones are there. */
export function testBuckets(create: CreateStore): void {
  test.each(cases)('$what', ({ records, starts, from, to, bucket, timeZone = 'UTC' }) =>
    withStore(create, async (store) => {
      await writeRecords(
        store,
        records.map(([createdAt]) => sampleRecord({ createdAt: new Date(createdAt) })),
      )
      const buckets = await store.aggregate({ from: new Date(from), to: new Date(to), bucket, timeZone })
      expect(buckets.map(({ start }) => start)).toEqual(starts?.map((start) => new Date(start)))
      expect(buckets.map(({ end }) => end)).toEqual([...buckets.slice(1).map(({ start }) => start), new Date(to)])
      const expected = buckets.map(
        ({ start }) => records.filter(([, of]) => new Date(of).getTime() === start.getTime()).length,
      )
      expect(buckets.map(({ requests }) => requests)).toEqual(expected)
      expect(expected.reduce((sum, count) => sum + count, 0)).toBe(records.length)
    })(),
  )

  test(
    'a month of minutes is refused, and so are a zone, a bucket and a range that cannot be',
    withStore(create, async (store) => {
      const range = { from: new Date('2026-03-01T00:00:00Z'), to: new Date('2026-04-01T00:00:00Z') }
      const refused = { code: 'bad-option' }
      await expect(store.aggregate({ ...range, bucket: '1m' })).rejects.toMatchObject(refused)
      await expect(store.aggregate({ ...range, bucket: null, timeZone: 'Mars/Base' })).rejects.toMatchObject(refused)
      await expect(store.aggregate({ ...range, bucket: '1w' as Bucket })).rejects.toMatchObject(refused)
      await expect(store.aggregate({ from: range.to, to: range.from, bucket: null })).rejects.toMatchObject(refused)
      await expect(store.aggregate({ from: range.to, to: range.to, bucket: null })).rejects.toMatchObject(refused)
      const never = new Date(Number.NaN)
      await expect(store.aggregate({ from: never, to: range.to, bucket: null })).rejects.toMatchObject(refused)
      await expect(store.account({ from: range.from, to: never, bucket: null })).rejects.toMatchObject(refused)
      await expect(store.records({ from: never, to: range.to })).rejects.toMatchObject(refused)
    }),
  )
}
