import { type UsageBatch, UsageError, type UsageStore, type WriteResult } from '@withusage/core'

/** What a store does with one write: `write` is the real one. */
export type Fault = (write: () => Promise<WriteResult>, batch: UsageBatch) => Promise<WriteResult>

/** A real store whose writes go wrong as told. Everything else is the real store's. */
export interface FaultyStore extends UsageStore {
  /** Every write that was tried, in order. */
  readonly attempts: UsageBatch[]
  /** What happens to writes from now on. */
  behave(fault: Fault): void
}

/** @param fault what happens to writes at first; default: nothing goes wrong */
export function faultyStore(store: UsageStore, fault: Fault = sound): FaultyStore {
  const attempts: UsageBatch[] = []
  let current = fault
  return {
    attempts,
    behave(next) {
      current = next
    },
    write(batch) {
      attempts.push(batch)
      return current(() => store.write(batch), batch)
    },
    aggregate: (query) => store.aggregate(query),
    account: (query) => store.account(query),
    records: (query) => store.records(query),
    prune: (query) => store.prune(query),
    close: () => store.close(),
  }
}

export const sound: Fault = (write) => write()

/** Answers after some turns of the event loop. */
export function slow(turns: number): Fault {
  return async (write) => {
    for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve))
    return write()
  }
}

export const failing: Fault = async () => {
  throw new Error('the disk is on fire')
}

/** The write arrives, and its answer does not. */
export const losingAnswers: Fault = async (write) => {
  await write()
  throw new Error('the connection was reset')
}

export const hanging: Fault = () => new Promise(() => {})

/** Follows each fault once, in turn, and is sound after the last. */
export function inTurn(...faults: Fault[]): Fault {
  return (write, batch) => (faults.shift() ?? sound)(write, batch)
}

/** Refuses every batch that holds a line of one of these requests, as a store does that can never take it. */
export function refusing(requestIds: readonly string[]): Fault {
  return choosing(requestIds, () => new UsageError('record-refused', 'a record cannot be stored'))
}

/** Fails, without saying that it always will, on every batch that holds a line of one of these requests. */
export function chokingOn(requestIds: readonly string[]): Fault {
  return choosing(requestIds, () => new Error('something is wrong with this batch'))
}

function choosing(requestIds: readonly string[], error: () => Error): Fault {
  const culprits = new Set(requestIds)
  return async (write, { records }) => {
    if (records.some(({ requestId }) => culprits.has(requestId))) throw error()
    return write()
  }
}
