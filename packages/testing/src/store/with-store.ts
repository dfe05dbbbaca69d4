import type { AccountBucket, UsageRecord, UsageStore } from '@withusage/core'

/** Makes an empty store. The suite closes it. */
export type CreateStore = () => UsageStore | Promise<UsageStore>

/** Around every instant that the suite uses. */
export const ALWAYS = { from: new Date('1990-01-01T00:00:00Z'), to: new Date('2060-01-01T00:00:00Z') }

/** A test over a store of its own. */
export function withStore(create: CreateStore, test: (store: UsageStore) => Promise<void>): () => Promise<void> {
  return async () => {
    const store = await create()
    try {
      await test(store)
    } finally {
      await store.close()
    }
  }
}

/** Writes records and no tallies. */
export async function writeRecords(store: UsageStore, records: readonly UsageRecord[]): Promise<string[]> {
  return (await store.write({ records, tallies: [] })).duplicates
}

/** Every record of the store, page by page. */
export async function allRecords(store: UsageStore, limit = 1_000): Promise<UsageRecord[]> {
  const records: UsageRecord[] = []
  for (let cursor: string | null = null; ; ) {
    const page = await store.records({ ...ALWAYS, limit, cursor })
    records.push(...page.records)
    cursor = page.cursor
    if (cursor === null) return records
  }
}

/** The account as `account reason endpoint` by count. */
export function counts(rows: readonly AccountBucket[]): Record<string, number> {
  const sums: Record<string, number> = {}
  for (const { account, reason, endpoint, requests } of rows) {
    const key = [account, reason, endpoint].filter(Boolean).join(' ')
    sums[key] = (sums[key] ?? 0) + requests
  }
  return sums
}
