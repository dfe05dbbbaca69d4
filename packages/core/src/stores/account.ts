import type { AccountBucket, Tally } from '../types.ts'
import { answerAccount, spanOf } from './answer.ts'
import { bucketIndex } from './buckets.ts'
import type { AccountPlan } from './plan.ts'
import type { RequestLines } from './requests.ts'

/** Counts requests and adds tallies: the account of a store that has no query language. */
export function countAccount(
  plan: AccountPlan,
  requests: Iterable<RequestLines>,
  tallies: Iterable<Tally>,
): AccountBucket[] {
  const rows = new Map<string, AccountBucket>()
  const count = (instant: number, entry: Pick<AccountBucket, 'endpoint' | 'account' | 'reason'>, by: number): void => {
    const bucket = bucketIndex(plan.slotEdges, instant)
    if (bucket === -1 || by === 0) return
    const key = JSON.stringify([bucket, entry.endpoint, entry.account, entry.reason])
    const row = rows.get(key)
    if (row) row.requests += by
    else rows.set(key, { ...spanOf(plan.edges, bucket), ...entry, requests: by })
  }
  for (const { opener, lines } of requests)
    if (lines[0] === opener)
      count(opener.createdAt.getTime(), { endpoint: opener.endpoint, account: 'recorded', reason: null }, 1)
  for (const { slot, endpoint, account, reason, count: by } of tallies)
    count(slot.getTime(), { endpoint, account, reason }, by)
  return answerAccount([...rows.values()])
}
