import { DIMENSIONS, type Dimension, type UsageRecord } from '@withusage/core'
import { expect, test } from 'vitest'
import { SAMPLE_TIME, sampleRecord } from '../sample-record.ts'
import { ALWAYS, type CreateStore, withStore, writeRecords } from './with-store.ts'

const NEVER_NULL: readonly Dimension[] = ['userId', 'source', 'endpoint', 'evidence', 'outcome']
const HOUR_MS = 3_600_000

/** Two values of the field that sort in this order. */
function valuesOf(dimension: Dimension): [string, string] {
  if (dimension === 'evidence') return ['body', 'stamp']
  if (dimension === 'outcome') return ['cancelled', 'complete']
  return ['alpha', "be'ta"]
}

/** `groupBy`, `filter` and `limit`. */
export function testGroups(create: CreateStore): void {
  test.each(DIMENSIONS)('groups and filters by %s', (dimension) =>
    withStore(create, async (store) => {
      const [one, two] = valuesOf(dimension)
      const mostFirst: (string | null)[] = NEVER_NULL.includes(dimension) ? [two, one] : [null, two, one]
      await writeRecords(
        store,
        mostFirst.map((value, at) => sampleRecord({ [dimension]: value, inputTokens: 100 - at, outputTokens: 0 })),
      )
      const query = { ...ALWAYS, bucket: null, groupBy: [dimension] }
      const groups = await store.aggregate(query)
      expect(groups.map(({ group }) => group)).toEqual(mostFirst.map((value) => ({ [dimension]: value })))
      expect(groups.map(({ inputTokens }) => inputTokens)).toEqual(mostFirst.map((_, at) => 100 - at))
      for (const value of mostFirst) {
        const [only, ...others] = await store.aggregate({ ...query, filter: { [dimension]: [value] } })
        expect(only?.group).toEqual({ [dimension]: value })
        expect(others).toEqual([])
        const { records } = await store.records({ ...ALWAYS, filter: { [dimension]: [value] } })
        expect(records.map((record) => record[dimension])).toEqual([value])
      }
      const both = await store.aggregate({ ...query, filter: { [dimension]: [one, null] } })
      expect(both).toHaveLength(mostFirst.length - 1)
    })(),
  )

  test(
    'groups by several fields at once',
    withStore(create, async (store) => {
      const groups: Partial<UsageRecord>[] = [
        { userId: 'a', servedModel: 'x' },
        { userId: 'a', servedModel: null },
        { userId: 'b', servedModel: 'x' },
      ]
      await writeRecords(
        store,
        groups.map((group, at) => sampleRecord({ ...group, inputTokens: 10 - at })),
      )
      const buckets = await store.aggregate({ ...ALWAYS, bucket: null, groupBy: ['userId', 'servedModel', 'userId'] })
      expect(buckets.map(({ group }) => group)).toEqual(groups)
    }),
  )

  test(
    'a filter by several fields wants all of them, and one without values wants nothing',
    withStore(create, async (store) => {
      await writeRecords(store, [
        sampleRecord({ userId: 'a', servedModel: 'x' }),
        sampleRecord({ userId: 'a', servedModel: 'y' }),
        sampleRecord({ userId: 'b', servedModel: 'x' }),
      ])
      const query = { ...ALWAYS, bucket: null }
      const [both] = await store.aggregate({ ...query, filter: { userId: ['a'], servedModel: ['x'] } })
      expect(both?.requests).toBe(1)
      const [none] = await store.aggregate({ ...query, filter: { userId: [] } })
      expect(none?.requests).toBe(0)
    }),
  )

  test(
    'equal tokens are ordered by group, and the unknown comes first',
    withStore(create, async (store) => {
      await writeRecords(
        store,
        ['b', null, 'a'].map((projectId) => sampleRecord({ projectId })),
      )
      const buckets = await store.aggregate({ ...ALWAYS, bucket: null, groupBy: ['projectId'] })
      expect(buckets.map(({ group }) => group.projectId)).toEqual([null, 'a', 'b'])
    }),
  )

  test(
    'with groups there are only buckets that have records, ordered by start, then by tokens',
    withStore(create, async (store) => {
      const hour = (at: number): Date => new Date(SAMPLE_TIME.getTime() + at * HOUR_MS)
      await writeRecords(store, [
        sampleRecord({ createdAt: hour(3), userId: 'a', inputTokens: 1 }),
        sampleRecord({ createdAt: hour(3), userId: 'b', inputTokens: 9 }),
        sampleRecord({ createdAt: hour(0), userId: 'a', inputTokens: 5 }),
      ])
      const buckets = await store.aggregate({ from: hour(0), to: hour(5), bucket: '1h', groupBy: ['userId'] })
      expect(buckets.map(({ start, group }) => [start, group.userId])).toEqual([
        [hour(0), 'a'],
        [hour(3), 'b'],
        [hour(3), 'a'],
      ])
    }),
  )

  test(
    'a limit keeps the groups with the most tokens over the whole range, in all their buckets',
    withStore(create, async (store) => {
      const hour = (at: number): Date => new Date(SAMPLE_TIME.getTime() + at * HOUR_MS)
      const record = (at: number, userId: string, inputTokens: number | null): UsageRecord =>
        sampleRecord({ createdAt: hour(at), userId, inputTokens, outputTokens: null })
      await writeRecords(store, [
        record(0, 'steady', 60),
        record(1, 'steady', 60),
        record(0, 'burst', 100),
        record(1, 'small', 90),
        record(1, 'unknown', null),
      ])
      const query = { from: hour(0), to: hour(2), bucket: '1h' as const, groupBy: ['userId'] as const }
      const top = await store.aggregate({ ...query, limit: 2 })
      expect(top.map(({ start, group }) => [start, group.userId])).toEqual([
        [hour(0), 'burst'],
        [hour(0), 'steady'],
        [hour(1), 'steady'],
      ])
      expect(await store.aggregate({ ...query, limit: 100 })).toEqual(await store.aggregate(query))
      const ungrouped = { from: hour(0), to: hour(2), bucket: '1h' as const }
      expect(await store.aggregate({ ...ungrouped, limit: 1 })).toEqual(await store.aggregate(ungrouped))
    }),
  )

  test(
    'a limit among equal tokens keeps the unknown, then the lowest by code point',
    withStore(create, async (store) => {
      const ranked = [null, 'a', 'a!', 'a"', '\uff5e', '\u{1f600}']
      await writeRecords(
        store,
        ranked.toReversed().map((projectId) => sampleRecord({ projectId })),
      )
      for (let limit = 1; limit <= ranked.length; limit++) {
        const top = await store.aggregate({ ...ALWAYS, bucket: null, groupBy: ['projectId'], limit })
        expect(top.map(({ group }) => group.projectId)).toEqual(ranked.slice(0, limit))
      }
    }),
  )

  test(
    'a name of no field is refused, whatever it holds',
    withStore(create, async (store) => {
      const query = { ...ALWAYS, bucket: null }
      const refused = { code: 'bad-option' }
      for (const name of ['nope', 'user_id', '__proto__', 'constructor', 'userId; DROP TABLE records']) {
        await expect(store.aggregate({ ...query, groupBy: [name as Dimension] })).rejects.toMatchObject(refused)
        const filter = JSON.parse(`{${JSON.stringify(name)}:["x"]}`)
        await expect(store.aggregate({ ...query, filter })).rejects.toMatchObject(refused)
      }
      for (const limit of [0, -1, 1.5, Number.NaN])
        await expect(store.aggregate({ ...query, limit })).rejects.toMatchObject(refused)
      await expect(store.aggregate({ ...query, filter: { userId: [1] as never } })).rejects.toMatchObject(refused)
    }),
  )
}
