import { sampleRecord } from '@withusage/testing'
import type { AggregateQuery, Dimension, UsageRecord, UsageStore } from '../../src/index.ts'
import { ALWAYS } from '../support/metered.ts'

const NOW = new Date('2026-03-31T12:00:00Z')
const HOUR = 3_600_000

function ago(hours: number): Date {
  return new Date(NOW.getTime() - hours * HOUR)
}

/** The four periods that LocalAI knows, as queries of ours. */
export const PERIODS = {
  day: { from: ago(24), to: NOW, bucket: '1h' },
  week: { from: ago(7 * 24), to: NOW, bucket: '1d' },
  month: { from: ago(30 * 24), to: NOW, bucket: '1d' },
  all: { from: new Date(0), to: NOW, bucket: '1mo' },
} as const satisfies Record<string, AggregateQuery>

/** Four requests of 5 output tokens each: two hours, three days, twenty days and sixty days ago. */
export const SPENDING: readonly UsageRecord[] = [
  spent(2, 100, { userId: 'ada', source: 'apikey', apiKeyId: 'k-1' }),
  spent(3 * 24, 200, { userId: 'ada', source: 'web' }),
  spent(20 * 24, 400, { userId: 'bob', source: 'legacy' }),
  spent(60 * 24, 800, { userId: 'bob', source: 'apikey', apiKeyId: 'k-2' }),
]

function spent(hours: number, inputTokens: number, who: Partial<UsageRecord>): UsageRecord {
  return sampleRecord({ createdAt: ago(hours), inputTokens, totalTokens: inputTokens + 5, ...who })
}

/** Start and input tokens of each bucket that has requests. */
export async function inPeriod(
  store: UsageStore,
  query: AggregateQuery,
): Promise<[start: string, tokens: number | null][]> {
  const buckets = (await store.aggregate(query)).filter(({ requests }) => requests > 0)
  return buckets.map(({ start, inputTokens }) => [start.toISOString().slice(0, 13), inputTokens])
}

/** Group, requests and input tokens over all time, the most tokens first. */
export async function by(store: UsageStore, dimension: Dimension, limit?: number) {
  const query = { ...ALWAYS, bucket: null, groupBy: [dimension], ...(limit !== undefined && { limit }) }
  const groups = await store.aggregate(query)
  return groups.map(({ group, requests, inputTokens }) => [group[dimension], requests, inputTokens])
}
