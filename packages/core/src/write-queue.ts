import { isUsageError } from './errors.ts'
import type { UsageRecord } from './record.ts'
import type { TallyBook } from './tallies.ts'
import { nextTurn, unref } from './timers.ts'
import type { UsageStore, WriteResult } from './types.ts'

/** One request's records: stored, dropped and split as one. */
export interface Unit {
  records: readonly UsageRecord[]
  /** Called exactly once. */
  done(result: UnitResult): void
}

export type UnitResult = { account: 'recorded' } | { account: 'duplicate' } | { account: 'failed'; error: unknown }

export interface WriteQueueOptions {
  store: UsageStore
  tallies: TallyBook
  /** Records a write, and tallies. */
  size: number
  /** Longest wait of a record before it is written. */
  intervalMs: number
  /** Records waiting, past which a request is not taken. */
  maxPending: number
  retry: RetryOptions
  /** No batches: what a request leaves is written at once, beside the writes of others, and waits for none of them. */
  alone?: boolean
  /** The store failed; the write goes on as documented. */
  onFailure(error: unknown): void
}

/** How a write that failed is tried again. */
export interface RetryOptions {
  /** Attempts of a batch before it is split. Default 8. */
  attempts: number
  /** Wait before the second attempt, in milliseconds; doubles with each, with jitter. Default 100. */
  minMs: number
  /** Longest wait between two attempts, in milliseconds. Default 5,000. */
  maxMs: number
}

/** A platform gives a request no longer than this once it has been answered: what is not done by then was stopped. */
const LEFT_BEHIND_MS = 30_000
/** Requests that write their counts at the same time where each writes alone: a store that is away would gather them. */
const MOST_COUNTING = 100

/**
 * Brings units to the store: in batches, one write at a time, retried with back-off, and split when a batch fails for
 * good, so that one refused request does not take the others with it. Where every request writes alone, one that its
 * platform has stopped in the middle leaves its unit to a later one.
 */
export class WriteQueue {
  readonly #options: WriteQueueOptions
  #waiting: Unit[] = []
  #pendingRecords = 0
  #timer: ReturnType<typeof setTimeout> | undefined
  #timerDelayMs = 0
  #pumping: Promise<void> | undefined
  /** Units that are not done, waiting or in a write under way, by when that began. */
  readonly #pending = new Map<Unit, number>()
  /** Their request ids: the same request twice is one. */
  readonly #requestIds = new Set<string>()
  /** Units that a failed attempt may have stored all the same. */
  readonly #perhapsStored = new WeakSet<Unit>()
  /** Calls of `flush` that have not resolved. */
  readonly #flushes = new Set<() => void>()
  /** Requests without a record that write their count alone, the longest at it first. */
  readonly #counting = new Set<{ since: number }>()
  /** A count was left to one of them. */
  #countLeft = false
  #abandoned = false
  #wake: (() => void) | undefined

  constructor(options: WriteQueueOptions) {
    this.#options = options
  }

  /** Requests that are not done. */
  get pending(): number {
    return this.#pending.size
  }

  /** Takes a unit, or says that the queue is full. */
  push(unit: Unit): boolean {
    const { maxPending } = this.#options
    if (this.#requestIds.has(requestIdOf(unit))) {
      unit.done({ account: 'duplicate' })
      return true
    }
    if (this.#pendingRecords + unit.records.length > maxPending) return false
    this.#requestIds.add(requestIdOf(unit))
    this.#pending.set(unit, Date.now())
    this.#pendingRecords += unit.records.length
    if (this.#options.alone) {
      void this.#writeAlone([unit])
      return true
    }
    this.#waiting.push(unit)
    this.#startWhenDue()
    return true
  }

  /**
   * Has what waits written within the interval. Alone it is written now: resolves when it is, has failed for good, or was
   * left to another that is writing.
   */
  schedule(): Promise<void> | undefined {
    if (this.#options.alone) return this.#countAlone()
    this.#startSoon(this.#options.intervalMs)
    return undefined
  }

  /** Past the bound a count goes with what one of those at it writes next, or with a later write. */
  async #countAlone(): Promise<void> {
    const since = Date.now()
    for (const counting of this.#counting) if (since - counting.since > LEFT_BEHIND_MS) this.#counting.delete(counting)
    if (this.#counting.size >= MOST_COUNTING) {
      this.#countLeft = true
      return
    }
    const own = { since }
    this.#counting.add(own)
    await this.#writeAlone()
    if (this.#countLeft) {
      this.#countLeft = false
      await this.#writeAlone()
    }
    this.#counting.delete(own)
  }

  /** Resolves when everything that waits now is stored, or has failed for good. */
  flush(): Promise<void> {
    if (this.#abandoned) return Promise.resolve()
    return new Promise((resolve) => {
      this.#flushes.add(resolve)
      const written = this.#options.alone ? this.#writeAll() : this.#pumpAll()
      void written.finally(() => {
        this.#flushes.delete(resolve)
        resolve()
      })
    })
  }

  async #pumpAll(): Promise<void> {
    // A pump under way brings what waited when it began.
    await this.#pumping
    if (this.#pumping || this.#hasWork) await this.#pump()
  }

  /**
   * Writes in the caller's own context, and waits for nothing that another request has begun. Never rejects: what it
   * could not do is left behind.
   */
  async #writeAlone(own: Unit[] = [], left: Unit[] = this.#takeOver(Date.now() - LEFT_BEHIND_MS)): Promise<void> {
    if (this.#abandoned) return
    try {
      const units = [...own, ...left]
      if (units.length > 0) await this.#deliver(units)
      await this.#writeTallies()
    } catch (error) {
      // Outside every request such a platform has no timers.
      this.#options.onFailure(error)
    }
  }

  async #writeAll(): Promise<void> {
    let most = this.#pending.size
    let taken: Unit[]
    do {
      taken = this.#takeOver(Date.now())
      await this.#writeAlone([], taken)
      most -= taken.length
    } while (taken.length > 0 && most > 0)
  }

  /** Units begun before then, at most a batch, the longest begun first: they are begun again. */
  #takeOver(begunBefore: number): Unit[] {
    const left: Unit[] = []
    let records = 0
    for (const [unit, begunAt] of this.#pending) {
      records += unit.records.length
      if (begunAt > begunBefore || (left.length > 0 && records > this.#options.size)) break
      left.push(unit)
    }
    for (const unit of left) {
      this.#perhapsStored.add(unit)
      this.#pending.delete(unit)
      this.#pending.set(unit, Date.now())
    }
    return left
  }

  /** Gives up: whatever is not acknowledged has failed. A write under way is waited for no longer. */
  abandon(error: unknown): void {
    this.#abandoned = true
    this.#waiting = []
    this.#fail([...this.#pending.keys()], error)
    this.#wake?.()
    for (const resolve of this.#flushes) resolve()
  }

  /** A full batch does not wait. */
  #startWhenDue(): void {
    if (this.#pendingRecords >= this.#options.size) this.#startSoon(0)
    else this.schedule()
  }

  #startSoon(delayMs: number): void {
    if (this.#abandoned || this.#pumping) return
    // A pump that is due already is not put off by the next push.
    if (this.#timer !== undefined && this.#timerDelayMs <= delayMs) return
    clearTimeout(this.#timer)
    this.#timerDelayMs = delayMs
    this.#timer = setTimeout(() => void this.#pump(), delayMs)
    unref(this.#timer)
  }

  #pump(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#pumping ??= this.#drain().finally(() => {
      this.#pumping = undefined
      if (this.#hasWork) this.#startWhenDue()
    })
    return this.#pumping
  }

  get #hasWork(): boolean {
    return this.#waiting.length > 0 || this.#options.tallies.hasUnsent
  }

  /**
   * Writes what waits now: what comes meanwhile is for the next time, so that it ends. Totals that a write did not
   * bring over wait for the next interval.
   */
  async #drain(): Promise<void> {
    let left = this.#waiting.length
    for (let units = this.#take(left); units.length > 0; units = this.#take(left)) {
      left -= units.length
      await this.#deliver(units)
      // A synchronous store answers without a turn of the event loop: requests come first.
      await nextTurn()
    }
    await this.#writeTallies()
  }

  /** The totals that no batch has taken along. */
  async #writeTallies(): Promise<void> {
    const { tallies, size } = this.#options
    for (let slices = Math.ceil(tallies.unsentCount / size); slices > 0; slices--) {
      if ((await this.#writeWithRetries([])) !== undefined) return
      if (slices > 1) await nextTurn()
    }
  }

  /** The next batch, of at most so many units. */
  #take(most: number): Unit[] {
    let records = 0
    let count = 0
    for (const unit of this.#waiting) {
      if (count === most) break
      if (count > 0 && records + unit.records.length > this.#options.size) break
      records += unit.records.length
      count++
    }
    return this.#waiting.splice(0, count)
  }

  async #deliver(units: Unit[]): Promise<void> {
    const error = await this.#writeWithRetries(units)
    if (error === undefined || this.#abandoned) return
    if (units.length === 1) this.#fail(units, error)
    else await this.#split(units, error)
  }

  /** @returns what went wrong last, `undefined` when the store has it */
  async #writeWithRetries(units: Unit[], talliesAlong = this.#options.size): Promise<unknown> {
    const { attempts } = this.#options.retry
    for (let attempt = 1; ; attempt++) {
      const error = await this.#write(units, talliesAlong)
      if (error === undefined || attempt >= attempts || this.#abandoned || isUsageError(error, 'record-refused'))
        return error
      await this.#backOff(attempt)
      if (this.#abandoned) return error
    }
  }

  /**
   * Halves a failed batch until the culprit stands alone. Parts are retried like batches until one has failed for good
   * all the same; from then on each has one attempt, and a store that only fails ends it early.
   */
  async #split(units: Unit[], cause: unknown): Promise<void> {
    const giveUpAfter = 2 * Math.ceil(Math.log2(units.length))
    let patient = isUsageError(cause, 'record-refused')
    let failuresInARow = 0
    let lastError = cause
    const parts = halves(units)
    for (let part = parts.pop(); part !== undefined; part = parts.pop()) {
      if (failuresInARow >= giveUpAfter) {
        this.#fail(part, lastError)
        continue
      }
      const error = await (patient ? this.#writeWithRetries(part, NO_TALLIES) : this.#write(part, NO_TALLIES))
      await nextTurn()
      if (this.#abandoned) return
      if (error === undefined) {
        failuresInARow = 0
        continue
      }
      lastError = error
      // A refusal is an answer: the store is there, so it says nothing of the parts that are left.
      const refused = isUsageError(error, 'record-refused')
      failuresInARow = refused ? 0 : failuresInARow + 1
      patient &&= refused
      if (part.length === 1) this.#fail(part, error)
      else parts.push(...halves(part))
    }
  }

  /** One attempt. Returns what went wrong, `undefined` when the store has it. */
  async #write(units: Unit[], talliesAlong: number): Promise<unknown> {
    const { store, tallies, onFailure } = this.#options
    const totals = tallies.unsent(talliesAlong)
    try {
      const records = units.flatMap((unit) => unit.records)
      const result = await store.write({ records, tallies: totals.tallies })
      totals.acknowledge()
      this.#acknowledge(units, result)
      return undefined
    } catch (error) {
      // What is refused is split, and reported when it stands alone.
      if (isUsageError(error, 'record-refused') && units.length > 0) return error
      for (const unit of units) this.#perhapsStored.add(unit)
      onFailure(error)
      return error ?? new Error('the store failed without saying why')
    }
  }

  #acknowledge(units: Unit[], { duplicates = [], foreign = [] }: Partial<WriteResult> = {}): void {
    for (const unit of units) {
      const requestId = requestIdOf(unit)
      // After a failed attempt the rows of this request that are there are this unit's own.
      const own = this.#perhapsStored.has(unit) && !foreign.includes(requestId)
      const duplicate = duplicates.includes(requestId) && !own
      this.#finish(unit, { account: duplicate ? 'duplicate' : 'recorded' })
    }
  }

  #fail(units: Unit[], error: unknown): void {
    for (const unit of units) this.#finish(unit, { account: 'failed', error })
  }

  #finish(unit: Unit, result: UnitResult): void {
    if (!this.#pending.delete(unit)) return
    this.#requestIds.delete(requestIdOf(unit))
    this.#pendingRecords -= unit.records.length
    unit.done(result)
  }

  #backOff(attempt: number): Promise<void> {
    const { minMs, maxMs } = this.#options.retry
    const delay = Math.min(maxMs, minMs * 2 ** (attempt - 1)) * (0.5 + Math.random() / 2)
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, delay)
      unref(timer)
      this.#wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }
}

function requestIdOf(unit: Unit): string {
  return unit.records[0]?.requestId ?? ''
}

/** A part of a split batch goes alone: what is refused is then a record. */
const NO_TALLIES = 0

/** Right half first, as a stack wants it. */
function halves(units: Unit[]): Unit[][] {
  const middle = Math.ceil(units.length / 2)
  return [units.slice(middle), units.slice(0, middle)]
}
