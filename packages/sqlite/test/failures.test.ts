import { createRecorder, type UsageRecord, type UsageStore } from '@withusage/core'
import { SAMPLE_TIME, sampleRecord, sampleTally } from '@withusage/testing'
import { describe, expect, test } from 'vitest'
import { sqliteStore } from '../src/index.ts'
import { restrictedStore } from './support/restricted-store.ts'
import { temporaryFile } from './support/temporary-file.ts'

const RANGE = { from: SAMPLE_TIME, to: new Date(SAMPLE_TIME.getTime() + 1) }
const unavailable = { code: 'store-unavailable', cause: expect.any(Error) }

describe('a full disk', () => {
  test('is store-unavailable, the batch is absent, and what is stored stays readable', async () => {
    const { store, restrict } = restrictedStore(temporaryFile())
    await write(store, [sampleRecord()])
    restrict('PRAGMA max_page_count = 30')
    const batch = Array.from({ length: 400 }, () => sampleRecord())
    await expect(write(store, batch)).rejects.toMatchObject(unavailable)
    await expect(write(store, batch)).rejects.toThrow(/full/)
    expect(await count(store)).toBe(1)
    restrict('PRAGMA max_page_count = 100000')
    await write(store, batch)
    expect(await count(store)).toBe(401)
  })

  test('costs the recorder a count and nothing else', async () => {
    const { store, restrict } = restrictedStore(temporaryFile())
    await store.open()
    restrict('PRAGMA query_only = 1')
    const errors: string[] = []
    const recorder = createRecorder({
      store,
      retry: { minMs: 1, maxMs: 1 },
      onError: (error) => errors.push(error.code),
    })
    recorder.record([sampleRecord()])
    await recorder.flush()
    expect(recorder.stats()).toMatchObject({ requests: 1, recorded: 0, inFlight: 0, unrecorded: { record_failed: 1 } })
    expect(errors).toContain('record-lost')
    await recorder.close({ timeoutMs: 1 })
  })
})

describe('a read-only file', () => {
  test('is store-unavailable until it can be written', async () => {
    const { store, restrict } = restrictedStore(temporaryFile())
    await store.open()
    restrict('PRAGMA query_only = 1')
    await expect(write(store, [sampleRecord()])).rejects.toMatchObject(unavailable)
    await expect(store.prune({ before: RANGE.to })).rejects.toMatchObject(unavailable)
    expect(await count(store)).toBe(0)
    restrict('PRAGMA query_only = 0')
    await write(store, [sampleRecord()])
    expect(await count(store)).toBe(1)
  })

  test('that cannot be made is tried again at the next use', async () => {
    let opening = 'PRAGMA query_only = 1'
    const { store } = restrictedStore(temporaryFile(), () => opening)
    await expect(store.open()).rejects.toMatchObject(unavailable)
    opening = ''
    await write(store, [sampleRecord()])
    expect(await count(store)).toBe(1)
  })
})

describe('content that can never be stored', () => {
  const broken: [what: string, fields: Partial<Record<keyof UsageRecord, unknown>>][] = [
    ['a count beyond 2^53', { inputTokens: 2 ** 60 }],
    ['a fraction of a token', { inputTokens: 1.5 }],
    ['a text where a count belongs', { outputTokens: '5' }],
    ['a count where a text belongs', { servedModel: 7 }],
    ['no user', { userId: null }],
    ['an endless duration', { durationMs: Number.POSITIVE_INFINITY }],
    ['a field that is missing', { outcome: undefined }],
    ['a bigint in raw', { raw: { tokens: 1n } }],
  ]
  test.each(broken)('%s is record-refused, and its batch is absent', async (_, fields) => {
    const store = sqliteStore({ path: ':memory:' })
    const batch = [sampleRecord(), sampleRecord(fields as Partial<UsageRecord>), sampleRecord()]
    await expect(store.write({ records: batch, tallies: [sampleTally()] })).rejects.toMatchObject({
      code: 'record-refused',
    })
    expect(await count(store)).toBe(0)
    expect(await store.account({ ...RANGE, bucket: null })).toEqual([])
    await write(store, [sampleRecord()])
    await store.close()
  })
})

function write(store: UsageStore, records: UsageRecord[]): Promise<unknown> {
  return store.write({ records, tallies: [] })
}

async function count(store: UsageStore): Promise<number | undefined> {
  const [bucket] = await store.aggregate({ ...RANGE, bucket: null })
  return bucket?.modelCalls
}
