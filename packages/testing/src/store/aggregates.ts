import { TOKEN_FIELDS, type UsageBucket, type UsageRecord, type UsageStore } from '@withusage/core'
import { expect, test } from 'vitest'
import { SAMPLE_TIME, sampleRecord, sampleRequest } from '../sample-record.ts'
import { ALWAYS, type CreateStore, withStore, writeRecords } from './with-store.ts'

const BY_THE_UNIT = { inputTokens: null, outputTokens: null, totalTokens: null, units: { searchUnits: 2 } }

/** `aggregate`: what its sums mean. */
export function testAggregates(create: CreateStore): void {
  test(
    'an empty store gives one bucket of zeros',
    withStore(create, async (store) => {
      expect(await store.aggregate({ ...ALWAYS, bucket: null })).toEqual([
        {
          start: ALWAYS.from,
          end: ALWAYS.to,
          group: {},
          requests: 0,
          modelCalls: 0,
          ...tokens(0),
          incomplete: 0,
          costNanoUsd: '0',
          providerCostNanoUsd: '0',
        },
      ])
    }),
  )

  test(
    'counts requests once and model calls by line',
    withStore(create, async (store) => {
      await writeRecords(store, [...sampleRequest([{}, {}, {}]), sampleRecord()])
      expect(await total(store)).toMatchObject({ requests: 2, modelCalls: 4, inputTokens: 36, outputTokens: 20 })
    }),
  )

  test(
    'sums every count by itself',
    withStore(create, async (store) => {
      const one = Object.fromEntries(TOKEN_FIELDS.map((field, at) => [field, at + 1]))
      const two = Object.fromEntries(TOKEN_FIELDS.map((field, at) => [field, 100 * (at + 1)]))
      await writeRecords(store, [sampleRecord(one), sampleRecord(two)])
      const sums = Object.fromEntries(TOKEN_FIELDS.map((field, at) => [field, 101 * (at + 1)]))
      expect(await total(store)).toMatchObject(sums)
    }),
  )

  test(
    'a count that no line knows stays null, and a 0 stays 0',
    withStore(create, async (store) => {
      await writeRecords(store, [
        sampleRecord({ ...tokens(null), costNanoUsd: null }),
        sampleRecord({ ...tokens(null), cacheReadTokens: 0, providerCostNanoUsd: 0 }),
      ])
      expect(await total(store)).toMatchObject({
        ...tokens(null),
        cacheReadTokens: 0,
        costNanoUsd: null,
        providerCostNanoUsd: '0',
      })
    }),
  )

  test(
    'a count that some lines know is the sum of those',
    withStore(create, async (store) => {
      await writeRecords(store, [sampleRecord({ reasoningTokens: 3 }), sampleRecord({ reasoningTokens: null })])
      expect(await total(store)).toMatchObject({ reasoningTokens: 3, cacheReadTokens: null })
    }),
  )

  const incomplete: [what: string, fields: Partial<UsageRecord>, lines: number][] = [
    ['a final line with both counts is complete', {}, 0],
    ['a line that is not final', { final: false }, 1],
    ['a line without an input count', { inputTokens: null }, 1],
    ['a line without an output count', { outputTokens: null }, 1],
    ['a line of no known operation without an output count', { outputTokens: null, operation: null }, 1],
    ['a reranking, which has no output, is complete', { outputTokens: null, operation: 'rerank' }, 0],
    ['a classification, which has no output, is complete', { outputTokens: null, operation: 'classification' }, 0],
    ['an embedding, which has no output, is complete', { outputTokens: null, operation: 'embeddings' }, 0],
    ['an embedding without an input count', { inputTokens: null, outputTokens: null, operation: 'embeddings' }, 1],
    ['an embedding that is not final', { final: false, outputTokens: null, operation: 'embeddings' }, 1],
    ['searches, which are billed by the unit, are complete', { ...BY_THE_UNIT, operation: 'rerank' }, 0],
    ['what is billed by the unit and has no named operation', { ...BY_THE_UNIT, operation: null }, 0],
    ['units beside a text that was generated do not make up for its counts', BY_THE_UNIT, 1],
    ['units without an end', { ...BY_THE_UNIT, operation: 'rerank', final: false }, 1],
    ['a total whose parts are unknown', { ...BY_THE_UNIT, operation: 'rerank', totalTokens: 9 }, 1],
    ['counts of 0 are counts', { inputTokens: 0, outputTokens: 0 }, 0],
    ['a line with every fault is one line', { final: false, inputTokens: null, outputTokens: null }, 1],
  ]
  test.each(incomplete)('incomplete: %s', (_, fields, lines) =>
    withStore(create, async (store) => {
      await writeRecords(store, [sampleRecord(fields)])
      expect(await total(store)).toMatchObject({ incomplete: lines, modelCalls: 1 })
    })(),
  )

  test(
    'sums money exactly beyond 2^53',
    withStore(create, async (store) => {
      const cost = Number.MAX_SAFE_INTEGER
      const records = Array.from({ length: 1_100 }, (_, at) =>
        sampleRecord({ costNanoUsd: cost - at, pricingVersion: '1', providerCostNanoUsd: 1 }),
      )
      await writeRecords(store, records)
      const exact = records.reduce((sum, record) => sum + BigInt(record.costNanoUsd ?? 0), 0n)
      expect(await total(store)).toMatchObject({ costNanoUsd: exact.toString(), providerCostNanoUsd: '1100' })
    }),
  )

  test(
    'token sums are exact up to 2^53, and beyond it nothing fails',
    withStore(create, async (store) => {
      await writeRecords(store, [
        sampleRecord({ inputTokens: 2 ** 52, outputTokens: Number.MAX_SAFE_INTEGER }),
        sampleRecord({ inputTokens: 2 ** 52 - 1, outputTokens: 0 }),
      ])
      expect(await total(store)).toMatchObject({ inputTokens: 2 ** 53 - 1, outputTokens: 2 ** 53 - 1 })
      const hostile = { inputTokens: Number.MAX_SAFE_INTEGER, outputTokens: Number.MAX_SAFE_INTEGER }
      await writeRecords(
        store,
        Array.from({ length: 1_200 }, () => sampleRecord(hostile)),
      )
      const { inputTokens } = await total(store)
      expect((inputTokens ?? 0) / (1_201 * 2 ** 53)).toBeCloseTo(1, 9)
    }),
  )

  test(
    'has the start of the range and not its end',
    withStore(create, async (store) => {
      const at = (offset: number): Date => new Date(SAMPLE_TIME.getTime() + offset)
      await writeRecords(store, [
        sampleRecord({ createdAt: at(-1), inputTokens: 1 }),
        sampleRecord({ createdAt: at(0), inputTokens: 2 }),
        sampleRecord({ createdAt: at(999), inputTokens: 4 }),
        sampleRecord({ createdAt: at(1_000), inputTokens: 8 }),
      ])
      const [bucket] = await store.aggregate({ from: at(0), to: at(1_000), bucket: null })
      expect(bucket).toMatchObject({ start: at(0), end: at(1_000), requests: 2, inputTokens: 6 })
    }),
  )
}

function tokens<Value>(value: Value): Record<(typeof TOKEN_FIELDS)[number], Value> {
  return Object.fromEntries(TOKEN_FIELDS.map((field) => [field, value])) as Record<(typeof TOKEN_FIELDS)[number], Value>
}

async function total(store: UsageStore): Promise<UsageBucket> {
  const buckets = await store.aggregate({ ...ALWAYS, bucket: null })
  expect(buckets).toHaveLength(1)
  return buckets[0] as UsageBucket
}
