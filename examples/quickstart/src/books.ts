import type { AccountBucket, UsageBucket, UsageRecord, UsageStore } from '@withusage/core'

/** All there is, whenever it was written. */
const EVER = { from: new Date(0), to: new Date('2100-01-01') }

export function readUsage(store: UsageStore): Promise<UsageBucket[]> {
  return store.aggregate({ ...EVER, bucket: null, groupBy: ['userId', 'servedModel'] })
}

export function readAccount(store: UsageStore): Promise<AccountBucket[]> {
  return store.account({ ...EVER, bucket: null })
}

export async function readRecords(store: UsageStore): Promise<UsageRecord[]> {
  const records: UsageRecord[] = []
  let cursor: string | null = null
  do {
    const page = await store.records({ ...EVER, cursor })
    records.push(...page.records)
    cursor = page.cursor
  } while (cursor !== null)
  return records
}

/** Requests by what became of them: `'recorded'`, `'unrecorded no_usage'`, `'ignored status_4xx'`. */
export type Account = Map<string, number>

export const accountKey = (account: string, reason: string | null) => (reason ? `${account} ${reason}` : account)

export function sumAccount(buckets: readonly AccountBucket[]): Account {
  const sums: Account = new Map()
  for (const { account, reason, requests } of buckets) {
    const key = accountKey(account, reason)
    sums.set(key, (sums.get(key) ?? 0) + requests)
  }
  return sums
}
