/** The store contract, as someone implements it, and what a store answers. */
import type { AccountBucket, RecordsPage, UsageBucket, UsageRecord, UsageStore, WriteResult } from '@withusage/core'
import { createRecorder, disabledStore } from '@withusage/core'
import { planAggregate, requestsOf } from '@withusage/core/store-kit'
import { expectTypeOf } from 'expect-type'

class CountingStore implements UsageStore {
  readonly seen: UsageRecord[] = []

  async write({ records }: Parameters<UsageStore['write']>[0]): Promise<WriteResult> {
    for (const { lines } of requestsOf(records)) this.seen.push(...lines)
    return { duplicates: [], foreign: [] }
  }
  async aggregate(query: Parameters<UsageStore['aggregate']>[0]): Promise<UsageBucket[]> {
    expectTypeOf(planAggregate(query).edges).toEqualTypeOf<number[]>()
    return []
  }
  async account(): Promise<AccountBucket[]> {
    return []
  }
  async records(): Promise<RecordsPage> {
    return { records: this.seen, cursor: null }
  }
  async prune(): Promise<{ records: number; tallies: number }> {
    return { records: 0, tallies: 0 }
  }
  async close(): Promise<void> {}
}

export async function use(): Promise<void> {
  await using recorder = createRecorder({ store: new CountingStore() })
  recorder.record([])
  expectTypeOf(recorder.stats().unrecorded.no_usage).toEqualTypeOf<number | undefined>()
}

export function read(record: UsageRecord): void {
  expectTypeOf(record.inputTokens).toEqualTypeOf<number | null>()
  expectTypeOf(record.outcome).toEqualTypeOf<'complete' | 'cancelled' | 'failed'>()
  expectTypeOf(record.createdAt).toEqualTypeOf<Date>()
  expectTypeOf(record.tags).toEqualTypeOf<Record<string, string>>()
  expectTypeOf(record.raw).toEqualTypeOf<unknown>()
}

const range = { from: new Date(0), to: new Date() }
export const answer = disabledStore().aggregate({
  ...range,
  bucket: '1d',
  groupBy: ['userId'],
  filter: { source: [null] },
})
// @ts-expect-error records are grouped by their fields
void disabledStore().aggregate({ ...range, bucket: '1d', groupBy: ['user'] })
// @ts-expect-error tallies are no finer than a quarter of an hour
void disabledStore().account({ ...range, bucket: '1m' })
// @ts-expect-error a store that cannot be read is none
export const half: UsageStore = { write: async () => ({ duplicates: [], foreign: [] }), close: async () => {} }
