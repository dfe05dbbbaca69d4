import type { AccountBucket, UsageBucket, UsageRecord, UsageStore } from '@withusage/core'
import { COUNTS } from './calls/call.ts'

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

/** The numbers of a row that are checked: all that are printed, and then some. */
export const USAGE_COLUMNS = ['requests', ...COUNTS, 'incomplete'] as const
export type UsageRow = Pick<UsageBucket, (typeof USAGE_COLUMNS)[number]>

/** The usage table by who and what: `'ada, gpt-5.4-mini'`. */
export type Usage = Map<string, UsageRow>

export const usageKey = (userId: string | null | undefined, model: string | null | undefined) =>
  `${userId ?? '–'}, ${model ?? '–'}`

export const emptyRow: UsageRow = {
  requests: 0,
  inputTokens: null,
  outputTokens: null,
  totalTokens: null,
  cacheReadTokens: null,
  cacheWriteTokens: null,
  reasoningTokens: null,
  incomplete: 0,
}

/** Adds what is known: a sum stays `null` until one count is. */
export function addUsageRow(usage: Usage, key: string, row: UsageRow): void {
  const sum = { ...(usage.get(key) ?? emptyRow) }
  sum.requests += row.requests
  sum.incomplete += row.incomplete
  for (const name of COUNTS) if (row[name] !== null) sum[name] = (sum[name] ?? 0) + row[name]
  usage.set(key, sum)
}

export function sumUsage(buckets: readonly UsageBucket[]): Usage {
  const sums: Usage = new Map()
  for (const bucket of buckets) addUsageRow(sums, usageKey(bucket.group.userId, bucket.group.servedModel), bucket)
  return sums
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
