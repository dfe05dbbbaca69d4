import type { AccountBucket, RecorderStats, UsageRecord } from '@withusage/core'
import { expectStoredAccount } from '@withusage/testing'
import { vi } from 'vitest'

/** As the fixture's `/report` tells it. */
interface Report {
  stats: RecorderStats
  stored: AccountBucket[]
  records: UsageRecord[]
}

/** Waits until nothing is in flight, checks the accounting law, and gives what is known of one endpoint. */
export async function settledAt(url: string, endpoint: string) {
  const { stats, stored, records } = await vi.waitUntil(
    async () => {
      const report = (await (await fetch(url)).json()) as Report
      return report.stats.inFlight === 0 && report
    },
    { timeout: 10_000 },
  )
  await expectStoredAccount({ stats: () => stats, flush: async () => {} }, { account: async () => stored })
  return {
    records: records.filter((record) => record.endpoint === endpoint),
    counts: stored
      .filter((bucket) => bucket.endpoint === endpoint)
      .map(({ account, reason, requests }) => `${requests} ${account} ${reason ?? ''}`.trimEnd()),
  }
}
