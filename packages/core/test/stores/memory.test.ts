import { sampleRecord, sampleRequest, sampleTally, testStore } from '@withusage/testing'
import { describe, expect, test } from 'vitest'
import { memoryStore } from '../../src/stores/memory.ts'

testStore('memoryStore', () => memoryStore())

const ALWAYS = { from: new Date('2000-01-01T00:00Z'), to: new Date('2100-01-01T00:00Z') }

describe('a full memory store', () => {
  test('lets the oldest requests go, and counts them', async () => {
    const store = memoryStore({ capacity: 3 })
    const records = Array.from({ length: 5 }, () => sampleRecord())
    for (const record of records) await store.write({ records: [record], tallies: [] })
    expect((await store.records(ALWAYS)).records).toEqual(records.slice(2))
    expect(store.evicted).toEqual({ requests: 2, records: 2, tallies: 0 })
  })

  test('lets a request go with all its lines', async () => {
    const store = memoryStore({ capacity: 4 })
    const request = sampleRequest([{}, {}, {}])
    const others = [sampleRecord(), sampleRecord()]
    await store.write({ records: [...request, ...others], tallies: [] })
    expect((await store.records(ALWAYS)).records).toEqual(others)
    expect(store.evicted).toEqual({ requests: 1, records: 3, tallies: 0 })
  })

  test('does not keep a request that is larger than itself', async () => {
    const store = memoryStore({ capacity: 2 })
    await store.write({ records: sampleRequest([{}, {}, {}]), tallies: [] })
    expect((await store.records(ALWAYS)).records).toEqual([])
    expect(store.evicted).toEqual({ requests: 1, records: 3, tallies: 0 })
  })

  test('forgets the ids of what has gone', async () => {
    const store = memoryStore({ capacity: 1 })
    const first = sampleRecord()
    await store.write({ records: [first, sampleRecord()], tallies: [] })
    expect(await store.write({ records: [first], tallies: [] })).toEqual({ duplicates: [], foreign: [] })
  })

  test('goes on evicting in order after a prune from its middle', async () => {
    const store = memoryStore({ capacity: 3 })
    const at = (day: number) => new Date(Date.UTC(2026, 0, day))
    const [kept, pruned, late, later] = [5, 1, 6, 7].map((day) => sampleRecord({ createdAt: at(day) }))
    await store.write({ records: [kept, pruned, late].filter((record) => record !== undefined), tallies: [] })
    expect(await store.prune({ before: at(2) })).toEqual({ records: 1, tallies: 0 })
    for (const record of [later, sampleRecord({ createdAt: at(8) })])
      if (record) await store.write({ records: [record], tallies: [] })
    expect((await store.records(ALWAYS)).records.map(({ createdAt }) => createdAt)).toEqual([at(6), at(7), at(8)])
    expect(store.evicted.requests).toBe(1)
  })

  test('keeps 10,000 tallies and counts the rest', async () => {
    const store = memoryStore()
    const tallies = Array.from({ length: 10_003 }, (_, at) => sampleTally({ instanceId: `instance-${at}` }))
    await store.write({ records: [], tallies })
    const [row] = await store.account({ ...ALWAYS, bucket: null })
    expect(row?.requests).toBe(10_000)
    expect(store.evicted.tallies).toBe(3)
  })

  test('takes twice its capacity one by one before the test runs out of time', async () => {
    const store = memoryStore()
    for (let at = 0; at < 100_000; at++) await store.write({ records: [sampleRecord()], tallies: [] })
    expect(store.evicted.records).toBe(50_000)
  })
})

test.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY])('a capacity of %s is refused', (capacity) => {
  expect(() => memoryStore({ capacity })).toThrow(expect.objectContaining({ code: 'bad-option' }))
})
