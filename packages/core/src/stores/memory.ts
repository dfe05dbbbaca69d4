import { UsageError } from '../errors.ts'
import type { UsageRecord } from '../record.ts'
import type { UsageBatch, UsageStore, WriteResult } from '../types.ts'
import { countAccount } from './account.ts'
import { answerAggregate } from './answer.ts'
import { checkRecord, checkTally } from './checks.ts'
import { pageRecords } from './page.ts'
import { planAccount, planAggregate, planPrune, planRecords } from './plan.ts'
import { RequestRing } from './request-ring.ts'
import { type RequestLines, requestsOf, withoutDuplicates } from './requests.ts'
import { storableRecord, storableTally } from './storable.ts'
import { sumRecords } from './sum.ts'
import { TallyTable } from './tally-table.ts'

/** How much the store keeps. */
export interface MemoryStoreOptions {
  /** Records kept, at least 1. Default 50,000. */
  capacity?: number
}

/** A store that says what it had to let go. */
export interface MemoryStore extends UsageStore {
  /** What has left because the store was full. */
  readonly evicted: { requests: number; records: number; tallies: number }
}

const TALLY_CAPACITY = 10_000

/**
 * Keeps the youngest records in the memory of this process: for development, for tests and for endpoints that only want
 * metrics. Past `capacity` the oldest requests leave, whole, and are counted in `evicted`; past 10,000 tallies likewise.
 *
 * @throws UsageError `bad-option` when the capacity is not a positive whole number
 */
export function memoryStore(options: MemoryStoreOptions = {}): MemoryStore {
  const { capacity = 50_000 } = options
  if (!Number.isSafeInteger(capacity) || capacity < 1)
    throw new UsageError('bad-option', `memoryStore: capacity must be a positive whole number, got ${capacity}`)
  const ring = new RequestRing(capacity)
  const tallies = new TallyTable(TALLY_CAPACITY)
  let closed = false

  function open(): void {
    if (closed) throw new UsageError('store-unavailable', 'memoryStore: the store is closed')
  }

  return {
    get evicted() {
      return { ...ring.evicted, tallies: tallies.evicted }
    },
    async write(batch) {
      open()
      return write(ring, tallies, batch)
    },
    async aggregate(query) {
      open()
      const plan = planAggregate(query)
      return answerAggregate(plan, sumRecords(plan, ring.records()))
    },
    async account(query) {
      open()
      return countAccount(planAccount(query), ring.requests(), tallies.tallies())
    },
    async records(query) {
      open()
      const { records, cursor } = pageRecords(planRecords(query), ring.records())
      return { records: records.map(storableRecord), cursor }
    },
    async prune(query) {
      open()
      const before = planPrune(query)
      const records = ring.retain((record) => record.createdAt.getTime() >= before)
      return { records, tallies: tallies.prune(before) }
    },
    async close() {
      closed = true
      ring.clear()
      tallies.clear()
    },
  }
}

/** Everything that can be refused is looked at before anything is kept. */
function write(ring: RequestRing, tallies: TallyTable, batch: UsageBatch): WriteResult {
  batch.records.forEach(checkRecord)
  batch.tallies.forEach(checkTally)
  const { fresh, ...result } = withoutDuplicates(requestsOf(batch.records), (id) => ring.ownerOf(id))
  const copies = fresh.map(copyRequest)
  copies.forEach((request) => {
    ring.add(request)
  })
  batch.tallies.forEach((tally) => {
    tallies.put(storableTally(tally))
  })
  return result
}

/** What is kept, and what is given out, shares nothing with what others may change. */
function copyRequest({ requestId, lines }: RequestLines): RequestLines {
  const copies = lines.map(storableRecord)
  return { requestId, opener: copies[0] as UsageRecord, lines: copies }
}
