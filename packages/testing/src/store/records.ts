import type { UsageRecord, UsageStore } from '@withusage/core'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { arbitraryRecord } from '../record-arbitrary.ts'
import { SAMPLE_TIME, sampleRecord } from '../sample-record.ts'
import { ALWAYS, allRecords, type CreateStore, withStore, writeRecords } from './with-store.ts'

/** `records`: what was written comes back, in order, page by page. */
export function testRecords(create: CreateStore): void {
  test(
    'gives back every record as it was written',
    withStore(create, async (store) => {
      const written: UsageRecord[] = []
      await fc.assert(
        fc.asyncProperty(arbitraryRecord, async (record) => {
          written.push(record)
          await writeRecords(store, [record])
          expect(await one(store, record)).toStrictEqual(record)
        }),
        { numRuns: 60 },
      )
      expect(await allRecords(store)).toStrictEqual(inOrder(written))
    }),
  )

  test(
    'keeps a tag or a key named __proto__ as a plain one',
    withStore(create, async (store) => {
      const record = sampleRecord({ tags: JSON.parse('{"__proto__":"x"}'), raw: JSON.parse('{"__proto__":{"a":1}}') })
      await writeRecords(store, [record])
      const [given] = await allRecords(store)
      expect(Object.entries(given?.tags ?? {})).toEqual([['__proto__', 'x']])
      expect(JSON.stringify(given?.raw)).toBe('{"__proto__":{"a":1}}')
    }),
  )

  test(
    'replaces lone surrogates and NUL, in text and in JSON',
    withStore(create, async (store) => {
      const record = sampleRecord({
        userName: 'a\ud800b',
        servedModel: 'nul\0',
        tags: { 'key\udc00': 'value\ud800' },
        raw: { text: '\\ud800 \ud83d\ude00 \ude00 \0' },
      })
      await writeRecords(store, [record])
      expect(await allRecords(store)).toEqual([
        {
          ...record,
          userName: 'a\ufffdb',
          servedModel: 'nul\ufffd',
          tags: { 'key\ufffd': 'value\ufffd' },
          raw: { text: '\\ud800 \ud83d\ude00 \ufffd \ufffd' },
        },
      ])
      const found = await store.records({ ...ALWAYS, filter: { servedModel: ['nul\0'] } })
      expect(found.records).toHaveLength(1)
    }),
  )

  test(
    'orders by time, then by id, whatever the order of writing',
    withStore(create, async (store) => {
      const records = [3, 1, 2, 1, 3, 0].map((seconds) => sampleRecord({ createdAt: after(seconds) }))
      await writeRecords(store, records)
      expect(await allRecords(store)).toEqual(inOrder(records))
    }),
  )

  test(
    'has the start of the range and not its end',
    withStore(create, async (store) => {
      const records = [0, 1, 2, 3].map((seconds) => sampleRecord({ createdAt: after(seconds) }))
      await writeRecords(store, records)
      const page = await store.records({ from: after(1), to: after(3) })
      expect(page).toEqual({ records: records.slice(1, 3), cursor: null })
    }),
  )

  test(
    'pages give every record once, whatever their size, also where many have one time',
    withStore(create, async (store) => {
      const records = Array.from({ length: 23 }, (_, at) => sampleRecord({ createdAt: after(Math.floor(at / 9)) }))
      await writeRecords(store, records)
      for (const limit of [1, 2, 5, 22, 23, 24]) expect(await allRecords(store, limit)).toEqual(inOrder(records))
    }),
  )

  test(
    'a cursor stays true while records come and go before it',
    withStore(create, async (store) => {
      const records = [1, 2, 3, 4].map((seconds) => sampleRecord({ createdAt: after(seconds) }))
      await writeRecords(store, records)
      const { cursor } = await store.records({ ...ALWAYS, limit: 2 })
      await writeRecords(store, [sampleRecord({ createdAt: after(0) })])
      await store.prune({ before: after(2) })
      expect((await store.records({ ...ALWAYS, cursor })).records).toEqual(records.slice(2))
    }),
  )

  test(
    'refuses a limit or a cursor that cannot be',
    withStore(create, async (store) => {
      for (const limit of [0, -1, 1.5, 10_001, Number.NaN])
        await expect(store.records({ ...ALWAYS, limit })).rejects.toMatchObject({ code: 'bad-option' })
      for (const cursor of ['', 'x', "1~' OR 1=1".slice(2)])
        await expect(store.records({ ...ALWAYS, cursor })).rejects.toMatchObject({ code: 'bad-option' })
    }),
  )

  test(
    'prunes what began before the instant, and says how much',
    withStore(create, async (store) => {
      const records = Array.from({ length: 450 }, (_, at) => sampleRecord({ createdAt: after(at) }))
      await writeRecords(store, records)
      expect(await store.prune({ before: after(420) })).toEqual({ records: 420, tallies: 0 })
      expect(await allRecords(store)).toEqual(records.slice(420))
      expect(await store.prune({ before: after(420) })).toEqual({ records: 0, tallies: 0 })
      await expect(store.prune({ before: new Date(Number.NaN) })).rejects.toMatchObject({ code: 'bad-option' })
    }),
  )
}

async function one(store: UsageStore, { id, createdAt }: UsageRecord): Promise<UsageRecord | undefined> {
  const { records } = await store.records({ from: createdAt, to: new Date(createdAt.getTime() + 1) })
  return records.find((record) => record.id === id)
}

function after(seconds: number): Date {
  return new Date(SAMPLE_TIME.getTime() + seconds * 1_000)
}

function inOrder(records: readonly UsageRecord[]): UsageRecord[] {
  return [...records].sort((a, b) => a.createdAt.getTime() - b.createdAt.getTime() || (a.id < b.id ? -1 : 1))
}
