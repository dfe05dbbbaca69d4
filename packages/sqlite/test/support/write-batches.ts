import { isUsageError, type UsageBatch, type UsageStore } from '@withusage/core'
import { sampleRecord } from '../../../testing/src/sample-record.ts'
import { sqliteStore } from '../../src/index.ts'

/**
 * Writes batches into a file and prints the number of each that is acknowledged; a lock is tried again until it is free.
 * Does not close the store: `write-batches.ts <path> <batches> <records a batch> <name>`.
 */
const [path = '', batches = '0', size = '0', name = ''] = process.argv.slice(2)
const createdAt = new Date(Date.UTC(2026, 0, 1) + name.charCodeAt(0) * 1_000)
const store = sqliteStore({ path })

for (let batch = 0; batch < Number(batches); batch++) {
  const records = Array.from({ length: Number(size) }, () =>
    sampleRecord({ createdAt, userId: name, endpoint: `/batch/${batch}` }),
  )
  await persist(store, { records, tallies: [] })
  process.stdout.write(`${batch}\n`)
}

async function persist(store: UsageStore, batch: UsageBatch): Promise<void> {
  for (;;) {
    try {
      await store.write(batch)
      return
    } catch (error) {
      if (!isUsageError(error, 'store-unavailable')) throw error
    }
  }
}
