import { createRecorder, memoryStore, type UsageRecord } from '@withusage/core'
import { onTestFinished, vi } from 'vitest'
import { expectStoredAccount } from './accounting.ts'

/** A recorder of one test over a memory store, closed when the test ends, and what it has recorded. */
export function createBooks() {
  const store = memoryStore()
  const errors: unknown[] = []
  const recorder = createRecorder({ store, onError: (error) => errors.push(error) })
  const idle = () => vi.waitUntil(() => recorder.flush().then(() => recorder.stats().inFlight === 0), { interval: 1 })
  onTestFinished(() => recorder.close())

  return {
    recorder,
    store,
    errors,
    /** Waits until every request is settled, checks the accounting law, and gives the records. */
    async settled(): Promise<UsageRecord[]> {
      await idle()
      await expectStoredAccount(recorder, store)
      return (await store.records({ from: new Date(0), to: new Date('2100-01-01') })).records
    },
  }
}
