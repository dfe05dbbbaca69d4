import { expect, test } from 'vitest'
import { SAMPLE_TIME, sampleId, sampleRecord, sampleRequest, sampleTally } from '../sample-record.ts'
import { ALWAYS, allRecords, type CreateStore, counts, withStore, writeRecords } from './with-store.ts'

/** `write`: idempotent, request-whole, all or nothing. */
export function testWrites(create: CreateStore): void {
  test(
    'an empty batch is nothing',
    withStore(create, async (store) => {
      expect(await store.write({ records: [], tallies: [] })).toEqual({ duplicates: [], foreign: [] })
      expect(await allRecords(store)).toEqual([])
    }),
  )

  test(
    'a record written twice is one row, and its request is named a duplicate',
    withStore(create, async (store) => {
      const record = sampleRecord()
      expect(await writeRecords(store, [record])).toEqual([])
      expect(await writeRecords(store, [record])).toEqual([record.requestId])
      expect(await allRecords(store)).toEqual([record])
    }),
  )

  test(
    'the first row wins',
    withStore(create, async (store) => {
      const first = sampleRecord({ inputTokens: 1 })
      await writeRecords(store, [first])
      const second = sampleRecord({ id: first.id, inputTokens: 2, createdAt: new Date(SAMPLE_TIME.getTime() + 60_000) })
      expect(await writeRecords(store, [second])).toEqual([second.requestId])
      expect(await allRecords(store)).toEqual([first])
    }),
  )

  test(
    'a duplicate of another request is told from the same request written again',
    withStore(create, async (store) => {
      const first = sampleRecord()
      await writeRecords(store, [first])
      const other = sampleRecord({ id: first.id })
      const { duplicates, foreign } = await store.write({ records: [first, other], tallies: [] })
      expect(duplicates).toEqual([first.requestId, other.requestId])
      expect(foreign).toEqual([other.requestId])
    }),
  )

  test(
    'of two requests in one batch with the same record id the first is kept',
    withStore(create, async (store) => {
      const first = sampleRecord({ userId: 'first' })
      const second = sampleRecord({ id: first.id, userId: 'second' })
      expect(await writeRecords(store, [first, second])).toEqual([second.requestId])
      expect(await allRecords(store)).toEqual([first])
    }),
  )

  test(
    'a request with one stored line is left out with all its lines, and the others of its batch are stored',
    withStore(create, async (store) => {
      const stored = sampleRecord()
      await writeRecords(store, [stored])
      const partly = sampleRequest([{}, { id: stored.id }, {}])
      const other = sampleRecord()
      expect(await writeRecords(store, [...partly, other])).toEqual([partly[0]?.requestId])
      expect(idsOf(await allRecords(store))).toEqual(idsOf([stored, other]))
    }),
  )

  test(
    'a record that a request names twice is one line',
    withStore(create, async (store) => {
      const record = sampleRecord()
      expect(await writeRecords(store, [record, record])).toEqual([])
      expect(await allRecords(store)).toEqual([record])
    }),
  )

  test(
    'a batch with a record that cannot be stored stores nothing',
    withStore(create, async (store) => {
      const circular: Record<string, unknown> = {}
      circular.self = circular
      for (const broken of [
        sampleRecord({ createdAt: new Date(Number.NaN), id: sampleId(SAMPLE_TIME) }),
        sampleRecord({ raw: circular }),
      ]) {
        const batch = { records: [sampleRecord(), broken, sampleRecord()], tallies: [sampleTally()] }
        await expect(store.write(batch)).rejects.toMatchObject({ code: 'record-refused' })
      }
      expect(await allRecords(store)).toEqual([])
      expect(await store.account({ ...ALWAYS, bucket: null })).toEqual([])
    }),
  )

  test(
    'a batch with a tally that cannot be stored stores nothing',
    withStore(create, async (store) => {
      for (const count of [-1, 1.5, Number.NaN, 2 ** 53]) {
        const batch = { records: [sampleRecord()], tallies: [sampleTally(), sampleTally({ count, reason: 'failed' })] }
        await expect(store.write(batch)).rejects.toMatchObject({ code: 'record-refused' })
      }
      expect(await allRecords(store)).toEqual([])
      expect(await store.account({ ...ALWAYS, bucket: null })).toEqual([])
    }),
  )

  test(
    'a tally replaces the smaller count under its key, and never falls',
    withStore(create, async (store) => {
      for (const count of [2, 7, 7, 3]) await store.write({ records: [], tallies: [sampleTally({ count })] })
      expect(counts(await store.account({ ...ALWAYS, bucket: null }))).toEqual({
        'unrecorded no_usage /v1/chat/completions': 7,
      })
    }),
  )

  test(
    'tallies of other keys stand beside it',
    withStore(create, async (store) => {
      const tallies = [
        sampleTally({ count: 1 }),
        sampleTally({ count: 2, instanceId: 'instance-2' }),
        sampleTally({ count: 4, slot: new Date(SAMPLE_TIME.getTime() + 900_000) }),
        sampleTally({ count: 8, endpoint: 'other' }),
        sampleTally({ count: 16, account: 'ignored', reason: 'status_4xx' }),
        sampleTally({ count: 32, reason: 'too_large' }),
      ]
      await store.write({ records: [], tallies })
      await store.write({ records: [], tallies })
      expect(counts(await store.account({ ...ALWAYS, bucket: null }))).toEqual({
        'unrecorded no_usage /v1/chat/completions': 7,
        'unrecorded no_usage other': 8,
        'unrecorded too_large /v1/chat/completions': 32,
        'ignored status_4xx /v1/chat/completions': 16,
      })
    }),
  )

  test(
    'what the caller changes after a write does not change what is stored',
    withStore(create, async (store) => {
      const record = sampleRecord({
        tags: { team: 'a' },
        raw: { usage: { tokens: 1 } },
        createdAt: new Date(SAMPLE_TIME),
      })
      const before = structuredClone(record)
      await writeRecords(store, [record])
      record.tags.team = 'b'
      record.createdAt.setTime(0)
      record.raw = null
      const [given] = await allRecords(store)
      expect(given).toEqual(before)
      if (given) given.tags.team = 'c'
      expect(await allRecords(store)).toEqual([before])
    }),
  )
}

function idsOf(records: readonly { id: string }[]): string[] {
  return records.map(({ id }) => id).sort()
}
