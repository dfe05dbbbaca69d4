import { IGNORED_REASONS, type Tally, UNRECORDED_REASONS } from '@withusage/core'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { SAMPLE_TIME, sampleRecord, sampleRequest, sampleTally } from '../sample-record.ts'
import { ALWAYS, allRecords, type CreateStore, counts, withStore } from './with-store.ts'

const QUARTER_MS = 900_000
const quarter = (at: number): Date => new Date(SAMPLE_TIME.getTime() + at * QUARTER_MS)

/** `account`: every request is in it once. */
export function testAccounts(create: CreateStore): void {
  test(
    'has requests with records and tallies by endpoint and reason, in order',
    withStore(create, async (store) => {
      const records = [
        ...sampleRequest([{ endpoint: '/b' }, { endpoint: '/b' }]),
        sampleRecord({ endpoint: '/b' }),
        sampleRecord({ endpoint: '/a' }),
      ]
      const tallies = [
        sampleTally({ endpoint: '/a', account: 'ignored', reason: 'status_4xx', count: 4 }),
        sampleTally({ endpoint: '/a', reason: 'no_user', count: 3 }),
        sampleTally({ endpoint: '/a', reason: 'no_usage', count: 0 }),
      ]
      await store.write({ records, tallies })
      const span = { start: ALWAYS.from, end: ALWAYS.to }
      expect(await store.account({ ...ALWAYS, bucket: null })).toEqual([
        { ...span, endpoint: '/a', account: 'recorded', reason: null, requests: 1 },
        { ...span, endpoint: '/b', account: 'recorded', reason: null, requests: 2 },
        { ...span, endpoint: '/a', account: 'unrecorded', reason: 'no_user', requests: 3 },
        { ...span, endpoint: '/a', account: 'ignored', reason: 'status_4xx', requests: 4 },
      ])
    }),
  )

  test(
    'adds up the instances',
    withStore(create, async (store) => {
      const tallies = [1, 2, 3].map((count) => sampleTally({ instanceId: `instance-${count}`, count }))
      await store.write({ records: [], tallies })
      expect(counts(await store.account({ ...ALWAYS, bucket: null }))).toEqual({
        'unrecorded no_usage /v1/chat/completions': 6,
      })
    }),
  )

  test(
    'counts a request whose lines have different times once, at its first line',
    withStore(create, async (store) => {
      const records = sampleRequest([{ createdAt: quarter(0) }, { createdAt: quarter(1) }, { createdAt: quarter(5) }])
      await store.write({ records: [...records].reverse(), tallies: [] })
      const rows = await store.account({ from: quarter(0), to: quarter(8), bucket: '15m' })
      expect(rows.map(({ start, requests }) => [start, requests])).toEqual([[quarter(0), 1]])
      expect(await store.account({ from: quarter(1), to: quarter(8), bucket: null })).toEqual([])
    }),
  )

  test(
    'counts by quarter of an hour: a slot belongs to the bucket that its start is in, records too',
    withStore(create, async (store) => {
      const late = new Date(quarter(0).getTime() + 600_000)
      await store.write({ records: [sampleRecord({ createdAt: late })], tallies: [sampleTally({ slot: quarter(0) })] })
      const both = { 'recorded /v1/chat/completions': 1, 'unrecorded no_usage /v1/chat/completions': 1 }
      const minutes = (count: number): Date => new Date(quarter(0).getTime() + count * 60_000)
      expect(counts(await store.account({ from: quarter(0), to: minutes(5), bucket: null }))).toEqual(both)
      expect(counts(await store.account({ from: minutes(5), to: minutes(60), bucket: null }))).toEqual({})
    }),
  )

  test(
    'buckets begin in the zone, and empty ones are left out',
    withStore(create, async (store) => {
      const tallies = ['2026-03-28T22:45:00Z', '2026-03-28T23:00:00Z', '2026-03-29T22:00:00Z'].map((slot) =>
        sampleTally({ slot: new Date(slot) }),
      )
      await store.write({ records: [], tallies })
      const rows = await store.account({
        from: new Date('2026-03-27T23:00:00Z'),
        to: new Date('2026-04-02T22:00:00Z'),
        bucket: '1d',
        timeZone: 'Europe/Berlin',
      })
      expect(rows.map(({ start, end }) => [start.toISOString(), end.toISOString()])).toEqual([
        ['2026-03-27T23:00:00.000Z', '2026-03-28T23:00:00.000Z'],
        ['2026-03-28T23:00:00.000Z', '2026-03-29T22:00:00.000Z'],
        ['2026-03-29T22:00:00.000Z', '2026-03-30T22:00:00.000Z'],
      ])
    }),
  )

  test(
    'minutes are refused: tallies are no finer than a quarter of an hour',
    withStore(create, async (store) => {
      const query = { from: quarter(0), to: quarter(1), bucket: '1m' as never }
      await expect(store.account(query)).rejects.toMatchObject({ code: 'bad-option' })
    }),
  )

  test(
    'prune takes the tallies of slots before the instant',
    withStore(create, async (store) => {
      const tallies = [0, 1, 2].map((at) => sampleTally({ slot: quarter(at) }))
      await store.write({ records: [sampleRecord({ createdAt: quarter(0) })], tallies })
      expect(await store.prune({ before: quarter(1) })).toEqual({ records: 1, tallies: 1 })
      expect(counts(await store.account({ ...ALWAYS, bucket: null }))).toEqual({
        'unrecorded no_usage /v1/chat/completions': 2,
      })
    }),
  )

  test(
    'a request whose first line is pruned is not counted again at another',
    withStore(create, async (store) => {
      const lines = sampleRequest([{ createdAt: quarter(0) }, { createdAt: quarter(4) }])
      await store.write({ records: lines, tallies: [] })
      expect(await store.prune({ before: quarter(1) })).toEqual({ records: 1, tallies: 0 })
      expect(await allRecords(store)).toEqual(lines.slice(1))
      expect(await store.account({ ...ALWAYS, bucket: null })).toEqual([])
    }),
  )

  test(
    'records and tallies add up to all requests, in buckets of every length and in one',
    withStore(create, async (store) => {
      let requests = 0
      await fc.assert(
        fc.asyncProperty(fc.array(request, { maxLength: 12 }), async (given) => {
          requests += given.length
          await store.write(batchOf(given, requests))
          for (const bucket of [null, '15m', '1h', '1d', '1mo'] as const) {
            const rows = await store.account({ from: quarter(0), to: quarter(100), bucket, timeZone: 'Asia/Kolkata' })
            expect(rows.reduce((sum, row) => sum + row.requests, 0)).toBe(requests)
          }
        }),
        { numRuns: 20 },
      )
    }),
  )
}

interface GivenRequest {
  slot: number
  lines: number
  endpoint: string
  reason: Tally['reason']
}

const request: fc.Arbitrary<GivenRequest> = fc.record({
  slot: fc.nat({ max: 90 }),
  lines: fc.nat({ max: 3 }),
  endpoint: fc.constantFrom('/a', '/b', 'other'),
  reason: fc.constantFrom(...UNRECORDED_REASONS, ...IGNORED_REASONS),
})

/** A request with lines is a record or more, one without is a tally; each batch is of an instance of its own. */
function batchOf(given: readonly GivenRequest[], instance: number) {
  const records = given.flatMap(({ slot, lines, endpoint }) =>
    sampleRequest(Array.from({ length: lines }, (_, line) => ({ createdAt: quarter(slot + line), endpoint }))),
  )
  const tallies = given
    .filter(({ lines }) => lines === 0)
    .map(({ slot, endpoint, reason }, at) =>
      sampleTally({
        instanceId: `${instance}-${at}`,
        slot: quarter(slot),
        endpoint,
        reason,
        account: (UNRECORDED_REASONS as readonly string[]).includes(reason) ? 'unrecorded' : 'ignored',
      }),
    )
  return { records, tallies }
}
