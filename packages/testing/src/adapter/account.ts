import type { RecorderStats, UsageRecord } from '@withusage/core'
import { expect, vi } from 'vitest'
import { expectStoredAccount } from '../accounting.ts'
import { type Control, PATIENCE } from './client/control.ts'
import type { AccountReport } from './server/scenario-server.ts'
import type { Expected } from './suite/scenario.ts'

/** Counts by account and reason, as `Expected` words them. */
type Counts = Record<string, number>

/** Waits until the requests since then are accounted for as expected, and checks the law. Returns the account. */
export async function expectAccount(
  control: Control,
  stem: string,
  since: RecorderStats,
  { accounts, records }: Expected,
): Promise<string> {
  const report = await vi.waitFor(async () => {
    const now = await control.account(stem)
    expect(accounts).toContainEqual(difference(now.stats, since))
    return now
  }, PATIENCE)
  await expectLaw(report)
  expect(report.errors).toEqual([])
  for (const { endpoint } of report.records) expect(endpoint).toMatch(/\/v1\/chat\/completions$/)
  if (accounts.length === 1) expectRecords(report.records, records)
  return Object.keys(difference(report.stats, since)).join(', ')
}

function expectRecords(records: readonly UsageRecord[], expected: readonly Partial<UsageRecord>[]): void {
  const inOrder = records.toSorted((a, b) => (a.inputTokens ?? 0) - (b.inputTokens ?? 0))
  expect(inOrder).toMatchObject(expected)
}

/** The accounting law, in the recorder and in the store. */
export function expectLaw({ stats, stored }: AccountReport): Promise<void> {
  return expectStoredAccount(
    { stats: () => stats, flush: () => Promise.resolve() },
    { account: () => Promise.resolve(stored) },
  )
}

/** What was counted since then; `{}` when nothing was. */
export function difference(now: RecorderStats, since: RecorderStats): Counts {
  const before = countsOf(since)
  const gained = Object.entries(countsOf(now)).map(([name, count]) => [name, count - (before[name] ?? 0)] as const)
  return Object.fromEntries(gained.filter(([, count]) => count !== 0))
}

function countsOf({ recorded, unrecorded, ignored, inFlight }: RecorderStats): Counts {
  return {
    recorded,
    ...named('unrecorded', unrecorded),
    ...named('ignored', ignored),
    'in flight': inFlight,
  }
}

function named(account: string, counts: Partial<Counts>): Counts {
  return Object.fromEntries(Object.entries(counts).map(([reason, count]) => [`${account} ${reason}`, count ?? 0]))
}
