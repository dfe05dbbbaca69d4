import { sampleRecord, sampleTally } from '@withusage/testing'
import { expect, test } from 'vitest'
import { disabledStore } from '../../src/stores/disabled.ts'

const DAY = { from: new Date('2026-03-10T00:00Z'), to: new Date('2026-03-10T03:00Z') }

test('acknowledges everything and keeps nothing', async () => {
  const store = disabledStore()
  const batch = { records: [sampleRecord()], tallies: [sampleTally()] }
  expect(await store.write(batch)).toEqual({ duplicates: [], foreign: [] })
  expect(await store.write(batch)).toEqual({ duplicates: [], foreign: [] })
  expect(await store.account({ ...DAY, bucket: null })).toEqual([])
  expect(await store.records(DAY)).toEqual({ records: [], cursor: null })
  expect(await store.prune({ before: DAY.to })).toEqual({ records: 0, tallies: 0 })
  await store.close()
  await store.close()
})

test('answers with zeros for empty buckets, and with no groups', async () => {
  const store = disabledStore()
  const buckets = await store.aggregate({ ...DAY, bucket: '1h' })
  expect(buckets.map(({ requests, inputTokens, costNanoUsd }) => [requests, inputTokens, costNanoUsd])).toEqual([
    [0, 0, '0'],
    [0, 0, '0'],
    [0, 0, '0'],
  ])
  expect(await store.aggregate({ ...DAY, bucket: '1h', groupBy: ['userId'] })).toEqual([])
})

test('refuses what a store that keeps records would refuse', async () => {
  const store = disabledStore()
  const refused = { code: 'bad-option' }
  await expect(store.aggregate({ from: DAY.to, to: DAY.from, bucket: null })).rejects.toMatchObject(refused)
  await expect(store.account({ ...DAY, bucket: '1m' as never })).rejects.toMatchObject(refused)
  await expect(store.records({ ...DAY, limit: 0 })).rejects.toMatchObject(refused)
  await expect(store.prune({ before: new Date(Number.NaN) })).rejects.toMatchObject(refused)
})
