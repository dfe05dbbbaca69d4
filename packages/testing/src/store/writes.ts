import type { Tally, UsageRecord, UsageStore } from '@withusage/core'
import { expect, test } from 'vitest'
import { SAMPLE_TIME, sampleRecord, sampleRequest, sampleTally } from '../sample-record.ts'
import { ALWAYS, allRecords, type CreateStore, counts, withStore, writeRecords } from './with-store.ts'

type Broken<Entry> = [what: string, fields: { [Field in keyof Entry]?: unknown }]

const circular: Record<string, unknown> = {}
circular.self = circular

/** What no store takes: each is a fault of whoever made the record, so that a retry is no use. */
const UNSTORABLE: Broken<UsageRecord>[] = [
  ['a count that is no number', { inputTokens: Number.NaN }],
  ['a count below zero', { totalTokens: -1 }],
  ['a count beyond 2^53', { inputTokens: 2 ** 60 }],
  ['a fraction of a token', { inputTokens: 1.5 }],
  ['a text where a count belongs', { outputTokens: '5' }],
  ['a bigint where a count belongs', { costNanoUsd: 5n }],
  ['a number where a text belongs', { servedModel: 7 }],
  ['a text where a flag belongs', { final: 'yes' }],
  ['an endless duration', { durationMs: Number.POSITIVE_INFINITY }],
  ['an instant that is none', { createdAt: new Date(Number.NaN) }],
  ['a text where an instant belongs', { createdAt: '2026-03-10T12:00:00.000Z' }],
  ['no user', { userId: null }],
  ['an empty request id', { requestId: '' }],
  ['an id that is no text', { id: 7 }],
  ['a field that is missing', { outcome: undefined }],
  ['a field that no record has', { colour: 'red' } as object],
  ['a version of another time', { recordVersion: 2 }],
  ['tags that are no texts', { tags: { team: 1 } }],
  ['units that are no amounts', { units: { images: Number.NaN } }],
  ['a circle in raw', { raw: circular }],
  ['a bigint in raw', { raw: { tokens: 1n } }],
]

const UNSTORABLE_TALLIES: Broken<Tally>[] = [
  ['a count below zero', { count: -1 }],
  ['a fraction of a request', { count: 1.5 }],
  ['a count that is no number', { count: Number.NaN }],
  ['a count beyond 2^53', { count: 2 ** 53 }],
  ['a slot that is no quarter of an hour', { slot: new Date(SAMPLE_TIME.getTime() + 1) }],
  ['a slot that is no instant', { slot: new Date(Number.NaN) }],
  ['an endpoint that is no text', { endpoint: 7 }],
  ['no instance', { instanceId: undefined }],
  ['no reason', { reason: null }],
  ['an account that has no tallies', { account: 'recorded' }],
]

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
    'of a request only the line is left out that is stored for another, also when that was its first',
    withStore(create, async (store) => {
      const stored = sampleRecord()
      await writeRecords(store, [stored])
      const [first, second] = [sampleRequest([{ id: stored.id }, {}, {}]), sampleRequest([{}, { id: stored.id }])]
      expect(await writeRecords(store, [...first, ...second])).toEqual([])
      const left = [...first.slice(1), ...second.slice(0, 1)]
      expect(idsOf(await allRecords(store))).toEqual(idsOf([stored, ...left]))
      expect(counts(await store.account({ ...ALWAYS, bucket: null }))).toEqual({ 'recorded /v1/chat/completions': 3 })
    }),
  )

  test(
    'a request with a stored line of its own was written before, and is left out whole',
    withStore(create, async (store) => {
      const [line, other] = sampleRequest([{}, {}])
      await writeRecords(store, [line as UsageRecord])
      const { duplicates, foreign } = await store.write({ records: [line, other] as UsageRecord[], tallies: [] })
      expect({ duplicates, foreign }).toEqual({ duplicates: [line?.requestId], foreign: [] })
      expect(await allRecords(store)).toEqual([line])
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

  test.each(UNSTORABLE)('refuses a record with %s, and nothing of its batch is stored', (_, fields) =>
    withStore(create, async (store) => {
      const broken = { ...sampleRecord(), ...fields } as UsageRecord
      const batch = { records: [sampleRecord(), broken, sampleRecord()], tallies: [sampleTally()] }
      await expect(store.write(batch)).rejects.toMatchObject({ code: 'record-refused' })
      await expectEmpty(store)
    })(),
  )

  test(
    'refuses a broken record also when its request is stored already',
    withStore(create, async (store) => {
      const record = sampleRecord()
      await writeRecords(store, [record])
      const broken = { ...record, inputTokens: Number.NaN }
      await expect(writeRecords(store, [broken])).rejects.toMatchObject({ code: 'record-refused' })
      expect(await allRecords(store)).toEqual([record])
    }),
  )

  test.each(UNSTORABLE_TALLIES)('refuses a tally with %s, and nothing of its batch is stored', (_, fields) =>
    withStore(create, async (store) => {
      const broken = { ...sampleTally({ instanceId: 'other' }), ...fields } as Tally
      const batch = { records: [sampleRecord()], tallies: [sampleTally(), broken] }
      await expect(store.write(batch)).rejects.toMatchObject({ code: 'record-refused' })
      await expectEmpty(store)
    })(),
  )

  test(
    'replaces lone surrogates and NUL in the texts of a tally',
    withStore(create, async (store) => {
      await store.write({ records: [], tallies: [sampleTally({ endpoint: '/a\0\ud800' })] })
      expect(counts(await store.account({ ...ALWAYS, bucket: null }))).toEqual({
        'unrecorded no_usage /a\ufffd\ufffd': 1,
      })
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

async function expectEmpty(store: UsageStore): Promise<void> {
  expect(await allRecords(store)).toEqual([])
  expect(await store.account({ ...ALWAYS, bucket: null })).toEqual([])
}
