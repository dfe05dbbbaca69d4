import type { Recorder, RecorderStats, UsageStore } from '@withusage/core'
import { expect } from 'vitest'

/** The accounting law: every request is recorded, unrecorded with a reason, ignored with a reason, or in flight. */
export function expectAccounted(recorder: Pick<Recorder, 'stats'>): void {
  const { requests, recorded, unrecorded, ignored, inFlight } = recorder.stats()
  expect(recorded + sum(unrecorded) + sum(ignored) + inFlight).toBe(requests)
  for (const count of [requests, recorded, inFlight]) expect(count).toBeGreaterThanOrEqual(0)
}

/** Nothing is in flight any more, and the store tells the same account, reason by reason, as the recorder. */
export async function expectStoredAccount(
  recorder: Pick<Recorder, 'flush' | 'stats'>,
  store: Pick<UsageStore, 'account'>,
): Promise<void> {
  await recorder.flush()
  expectAccounted(recorder)
  const { recorded, unrecorded, ignored, inFlight } = recorder.stats()
  const stored = await store.account({ from: new Date(0), to: new Date('2100-01-01'), bucket: null })
  const told = { recorded: 0, unrecorded: {} as Record<string, number>, ignored: {} as Record<string, number> }
  for (const { account, reason, requests } of stored) {
    if (account === 'recorded') told.recorded += requests
    else if (reason !== null) told[account][reason] = (told[account][reason] ?? 0) + requests
  }
  expect({ ...told, inFlight }).toEqual({ recorded, unrecorded, ignored, inFlight: 0 })
}

function sum(counts: RecorderStats['unrecorded'] | RecorderStats['ignored']): number {
  return Object.values(counts).reduce((total, count) => total + count, 0)
}
