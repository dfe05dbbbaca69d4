import { expect, test } from 'vitest'
import { SAMPLE_TIME, sampleRecord } from '../sample-record.ts'
import { ALWAYS, allRecords, type CreateStore, withStore } from './with-store.ts'

/** Concurrent calls, and the end. */
export function testLife(create: CreateStore): void {
  test(
    'takes writes and reads at the same time',
    withStore(create, async (store) => {
      const records = Array.from({ length: 40 }, () => sampleRecord())
      const writes = records.map((record) => store.write({ records: [record], tallies: [] }))
      const reads = records.map(() => store.aggregate({ ...ALWAYS, bucket: null }))
      await Promise.all([...writes, ...reads])
      expect(await allRecords(store)).toHaveLength(40)
    }),
  )

  test(
    'of concurrent writes of one record exactly one stores it',
    withStore(create, async (store) => {
      const batch = { records: [sampleRecord()], tallies: [] }
      const answers = await Promise.all([store.write(batch), store.write(batch), store.write(batch)])
      expect(answers.flatMap(({ duplicates }) => duplicates)).toHaveLength(2)
      expect(await allRecords(store)).toHaveLength(1)
    }),
  )

  test('what was given before close is done, not dropped', async () => {
    const store = await create()
    const calls = [store.write({ records: [sampleRecord()], tallies: [] }), store.records(ALWAYS)]
    await store.close()
    expect(await Promise.all(calls)).toMatchObject([{ duplicates: [] }, { records: [{ line: 0 }] }])
  })

  test('closes twice, and also when it was never used', async () => {
    const store = await create()
    await store.close()
    await store.close()
  })

  test('everything after close is rejected and says so', async () => {
    const store = await create()
    await store.write({ records: [sampleRecord()], tallies: [] })
    await store.close()
    const closed = { code: 'store-unavailable', message: expect.stringContaining('closed') }
    await expect(store.write({ records: [sampleRecord()], tallies: [] })).rejects.toMatchObject(closed)
    await expect(store.aggregate({ ...ALWAYS, bucket: null })).rejects.toMatchObject(closed)
    await expect(store.account({ ...ALWAYS, bucket: null })).rejects.toMatchObject(closed)
    await expect(store.records(ALWAYS)).rejects.toMatchObject(closed)
    await expect(store.prune({ before: SAMPLE_TIME })).rejects.toMatchObject(closed)
  })
}
