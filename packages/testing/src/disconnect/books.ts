import type { RecorderStats } from '@withusage/core'
import { expect, vi } from 'vitest'
import { expectAccounted } from '../accounting.ts'
import { difference, expectLaw } from '../adapter/account.ts'
import type { Control } from '../adapter/client/control.ts'
import type { AccountReport } from '../adapter/server/scenario-server.ts'
import type { Seen } from './ending.ts'

/** How long the books may take to settle a request that has ended. */
const PATIENCE = { timeout: 4_000, interval: 15 }

/** What the books say of one request. */
type Booked = Omit<Seen, 'upstream'>

/** The report in which nothing that came since is in flight; after all patience, the one in which it still is. */
export async function settledReport(control: Control, stem: string, since: RecorderStats): Promise<AccountReport> {
  let report: AccountReport | undefined
  await vi
    .waitFor(async () => {
      report = await control.account(stem)
      if (isOpen(report.stats, since)) throw new Error('it is in flight')
    }, PATIENCE)
    .catch((error) => {
      if (!report) throw error
    })
  return report as AccountReport
}

function isOpen({ requests, inFlight }: RecorderStats, since: RecorderStats): boolean {
  return requests === since.requests || inFlight > since.inFlight
}

/** The law, and in the store what it says of all that is settled: a request that an earlier ending left open may be so still. */
function expectLawOfSettled({ stats, ...report }: AccountReport): Promise<void> {
  expectAccounted({ stats: () => stats })
  return expectLaw({ ...report, stats: { ...stats, requests: stats.requests - stats.inFlight, inFlight: 0 } })
}

/** What the books have gained, after the accounting law was checked. */
export async function booked(report: AccountReport, since: RecorderStats): Promise<Booked> {
  await expectLawOfSettled(report)
  expect(report.errors).toEqual([])
  const gained = Object.entries(difference(report.stats, since))
  expect(report.records.length).toBeLessThanOrEqual(1)
  const [record] = report.records
  return {
    account: gained.map(([account, count]) => (count === 1 ? account : `${count} ${account}`)).join(', '),
    outcome: record?.outcome ?? null,
    tokens: record ? `${record.inputTokens} + ${record.outputTokens}` : null,
  }
}
