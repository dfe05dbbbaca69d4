import type { UsageStore, WriteResult } from '@withusage/core'

const PERIOD_MS = 20_000
const STALL_MS = 3_000
const FAILURE_MS = 1_000

/** A store that, every twenty seconds, takes three for each write, and then refuses all for one. */
export function stallingStore(store: UsageStore): UsageStore {
  async function write(batch: Parameters<UsageStore['write']>[0]): Promise<WriteResult> {
    const at = performance.now() % PERIOD_MS
    if (at < STALL_MS) await new Promise((resolve) => setTimeout(resolve, STALL_MS))
    else if (at < STALL_MS + FAILURE_MS) throw new Error('the database is down')
    return store.write(batch)
  }
  return {
    write,
    aggregate: (query) => store.aggregate(query),
    account: (query) => store.account(query),
    records: (query) => store.records(query),
    prune: (query) => store.prune(query),
    close: () => store.close(),
  }
}
