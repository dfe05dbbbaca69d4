import type { Meter } from '@opentelemetry/api'
import { type Drain, type DrainBounds, type DrainStats, Drains } from './drain.ts'
import { UsageError } from './errors.ts'
import { uuidv7 } from './ids.ts'
import { brokenInvariant } from './invariants.ts'
import { checkWholeNumber } from './options.ts'
import { bindsToRequests } from './platform.ts'
import type { UsageRecord } from './record.ts'
import { internalError, type OnError, report } from './report.ts'
import { TallyBook } from './tallies.ts'
import { createTelemetry, type Dropped, type Telemetry } from './telemetry.ts'
import { RequestTicket, type Ticket } from './ticket.ts'
import { holdingProcess, MAX_TIMER_MS, within } from './timers.ts'
import type { IgnoredReason, Reason, UnrecordedReason, UsageStore } from './types.ts'
import { type RetryOptions, type UnitResult, WriteQueue } from './write-queue.ts'

/** What a recorder needs, and its bounds. */
export interface RecorderOptions {
  /** Where records and tallies go. The recorder never closes it. */
  store: UsageStore
  /**
   * How many records are written at once, and how long they wait for that. `null`: no batches; each request writes its
   * own, at once, and waits for no other. On Cloudflare Workers always so: there a request cannot wait for what another
   * has begun, and what it has begun ends with it.
   */
  batch?: {
    /** Records a write. Default 200. */
    size?: number
    /** Longest wait of a record before it is written, in milliseconds. Default 1,000. */
    intervalMs?: number
  } | null
  /** Records that may wait for the store. A request past it is `record_dropped`. Default 10,000. */
  maxPending?: number
  /** How a failed write is tried again before its batch is split. */
  retry?: Partial<RetryOptions>
  /** OpenTelemetry meter. Default: the meter `withusage` of the global provider. */
  meter?: Meter
  /** Told of what went wrong. Default: one warning per error code and minute on the console. */
  onError?: OnError
  /**
   * A record that breaks an invariant throws at `record()`, and its request is `record_failed`; `withUsage` tells its
   * own `onError`, and the response is not affected. Otherwise it is reported, and stored all the same if the store can
   * hold it. Default `false`.
   */
  strict?: boolean
}

/** Counts of requests. At any moment `requests` is the sum of all the others but `drains`. */
export interface RecorderStats {
  /** All that began. */
  requests: number
  /** The store has all records of the request. */
  recorded: number
  /** Should have a record and have none, by reason; a reason without requests is left out. */
  unrecorded: Partial<Record<UnrecordedReason, number>>
  /** Need no record, by reason; a reason without requests is left out. */
  ignored: Partial<Record<IgnoredReason, number>>
  /** Not settled, or waiting for the store. */
  inFlight: number
  /** Bodies read on without their clients, by `onDisconnect`: no requests of their own. Left out while there was none. */
  drains?: DrainStats
}

/** Writes records and their metrics from one call, and accounts for every request. */
export interface Recorder {
  /**
   * A request begins: `requests` and `inFlight` go up until its ticket is used.
   *
   * @param request.settle called by `close()` when the request is still open; it should use the ticket at once
   */
  open(request: { endpoint: string; startedAt?: Date; settle?: (outcome: 'cancelled') => void }): Ticket
  /**
   * The records of one request. Never waits for the store; what becomes of them is seen in `stats()`.
   *
   * @throws UsageError `invariant`, only with `strict: true`
   */
  record(records: readonly UsageRecord[]): void
  /** A body goes on without its client. `null`, and counted, when `maxConcurrent` of them do; `null` also once it is closed. */
  drain(bounds: DrainBounds): Drain | null
  /** Resolves when everything recorded and counted until now is stored, or has failed for good. */
  flush(): Promise<void>
  /** The account as it is now: a copy, which does not change. */
  stats(): RecorderStats
  /**
   * Waits for requests in flight, settles the rest as cancelled, and writes what is left; then everything is accounted
   * for. The store stays open. Later records are `record_dropped`. Safe to call twice.
   *
   * @param options.timeoutMs longest wait for requests in flight, and then again for the store, which always has two
   * seconds; what it has not taken by then is `record_failed`. Default 10,000
   */
  close(options?: { timeoutMs?: number }): Promise<void>
  /** `close()` with its default, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>
  /** Counts something that a bound has cut or dropped. */
  dropped(what: Dropped): void
}

const MAX_TALLIES = 10_000
const LEAST_STORE_WAIT_MS = 2_000

/**
 * A recorder over a store. It owns timers and a queue: `close()` it when the server ends.
 *
 * @throws UsageError `bad-option` for a number that is none, or out of range
 */
export function createRecorder(options: RecorderOptions): Recorder {
  return new StoreRecorder(options)
}

class StoreRecorder implements Recorder {
  readonly #strict: boolean
  readonly #onError: OnError | undefined
  readonly #telemetry: Telemetry
  readonly #tallies: TallyBook
  readonly #queue: WriteQueue
  readonly #drains = new Drains((end) => this.#telemetry.drained(end))
  readonly #open = new Map<RequestTicket, ((outcome: 'cancelled') => void) | undefined>()
  readonly #unrecorded = new Map<UnrecordedReason, number>()
  readonly #ignored = new Map<IgnoredReason, number>()
  #requests = 0
  #recorded = 0
  #closed = false
  #closing: Promise<void> | undefined
  #whenIdle: (() => void) | undefined

  constructor(options: RecorderOptions) {
    const { store, batch = {}, maxPending = 10_000, retry = {}, meter, onError, strict = false } = options
    checkOptions(options)
    this.#strict = strict
    this.#onError = onError
    this.#telemetry = createTelemetry(meter, (cause) => report(onError, internalError('a metric', cause)))
    this.#tallies = new TallyBook({
      createId: () => uuidv7(Date.now()),
      capacity: MAX_TALLIES,
      onDropped: () => this.dropped('tally'),
    })
    this.#queue = new WriteQueue({
      store,
      tallies: this.#tallies,
      size: batch?.size ?? 200,
      intervalMs: batch?.intervalMs ?? 1_000,
      alone: batch === null || bindsToRequests(),
      maxPending,
      retry: { attempts: retry.attempts ?? 8, minMs: retry.minMs ?? 100, maxMs: retry.maxMs ?? 5_000 },
      onFailure: (cause) => this.#report('store-unavailable', 'the store did not take a batch', cause),
    })
  }

  open({ endpoint, startedAt, settle }: Parameters<Recorder['open']>[0]): Ticket {
    const ticket = new RequestTicket(this, endpoint, this.#tallies.enter(startedAt?.getTime() ?? Date.now()))
    this.#requests++
    this.#open.set(ticket, settle)
    return ticket
  }

  record(records: readonly UsageRecord[]): void {
    this.open(beginningOf(records[0])).record(records)
  }

  drain(bounds: DrainBounds): Drain | null {
    return this.#closed ? null : this.#drains.begin(bounds)
  }

  flush(): Promise<void> {
    return holdingProcess(() => this.#queue.flush())
  }

  stats(): RecorderStats {
    const unrecorded = Object.fromEntries(this.#unrecorded)
    const ignored = Object.fromEntries(this.#ignored)
    const inFlight = this.#open.size + this.#queue.pending
    const drains = this.#drains.stats()
    const counts = { requests: this.#requests, recorded: this.#recorded, unrecorded, ignored, inFlight }
    return drains ? { ...counts, drains } : counts
  }

  close({ timeoutMs = 10_000 }: { timeoutMs?: number } = {}): Promise<void> {
    const waitMs = Math.min(Math.max(timeoutMs, 0) || 0, MAX_TIMER_MS)
    this.#closing ??= holdingProcess(async () => {
      await this.#idle(waitMs)
      this.#settleOpen()
      this.#closed = true
      const stored = await within(Math.max(waitMs, LEAST_STORE_WAIT_MS), this.#queue.flush())
      if (stored === 'late') this.#queue.abandon(new Error('the store did not answer before close() ended'))
      this.#tallies.release()
    })
    return this.#closing
  }

  #settleOpen(): void {
    for (const [ticket, settle] of [...this.#open]) {
      try {
        settle?.('cancelled')
      } catch (cause) {
        report(this.#onError, internalError('settling a request', cause))
      }
      ticket.unrecorded('cancelled')
    }
  }

  async #idle(timeoutMs: number): Promise<void> {
    if (this.#open.size === 0) return
    const idle = new Promise<void>((resolve) => {
      this.#whenIdle = resolve
    })
    await within(timeoutMs, idle)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  dropped(what: Dropped): void {
    this.#telemetry.dropped(what)
  }

  /** A ticket was used with records. */
  take(ticket: RequestTicket, records: readonly UsageRecord[]): void {
    this.#leave(ticket)
    const error = this.#check(records)
    if (error) {
      this.#count(ticket, 'unrecorded', 'record_failed')
      if (this.#strict) throw error
    } else if (records.length === 0) this.#count(ticket, 'unrecorded', 'no_usage')
    else if (!this.#enqueue(ticket, records)) {
      this.#count(ticket, 'unrecorded', 'record_dropped')
      this.#report('record-lost', 'a record was dropped: the queue is full, or the recorder is closed', undefined)
    }
  }

  #enqueue(ticket: RequestTicket, records: readonly UsageRecord[]): boolean {
    return !this.#closed && this.#queue.push({ records, done: (result) => this.#stored(ticket, records, result) })
  }

  /** Resolves when the store has the tallies as they are now. */
  tallied(): Promise<void> {
    return this.#tallies.acknowledged()
  }

  /** A ticket was used without records. */
  settle(ticket: RequestTicket, account: 'unrecorded' | 'ignored', reason: Reason): void {
    this.#leave(ticket)
    this.#count(ticket, account, reason)
  }

  #leave(ticket: RequestTicket): void {
    this.#open.delete(ticket)
    if (this.#open.size === 0) this.#whenIdle?.()
  }

  #stored(ticket: RequestTicket, records: readonly UsageRecord[], result: UnitResult): void {
    if (result.account === 'recorded') {
      this.#recorded++
      this.#tallies.leave(ticket.slot)
      this.#telemetry.accounted('recorded', null, ticket.endpoint)
      this.#telemetry.stored(records)
      ticket.stored()
    } else if (result.account === 'duplicate') this.#count(ticket, 'ignored', 'duplicate')
    else {
      this.#count(ticket, 'unrecorded', 'record_failed')
      this.#report('record-lost', 'a record was given up: the store refused it for good', result.error)
    }
  }

  #count(ticket: RequestTicket, account: 'unrecorded' | 'ignored', reason: Reason): void {
    const counts = (account === 'unrecorded' ? this.#unrecorded : this.#ignored) as Map<Reason, number>
    counts.set(reason, (counts.get(reason) ?? 0) + 1)
    this.#tallies.count(ticket.slot, ticket.endpoint, account, reason)
    this.#tallies.leave(ticket.slot)
    this.#telemetry.accounted(account, reason, ticket.endpoint)
    ticket.counted(this.#closed ? undefined : this.#queue.schedule())
  }

  /** The error of records that must not be stored. What is not thrown at the caller is reported here. */
  #check(records: readonly UsageRecord[]): UsageError | null {
    for (const record of records) {
      const broken = brokenInvariant(record, records[0]?.requestId)
      if (broken === null) continue
      this.dropped('invariant')
      const error = new UsageError('invariant', `[withusage] a record breaks an invariant: ${broken.what}`)
      if (this.#strict) return error
      report(this.#onError, error)
      if (broken.fatal) return error
    }
    return null
  }

  #report(code: 'store-unavailable' | 'record-lost', what: string, cause: unknown): void {
    report(this.#onError, new UsageError(code, `[withusage] ${what}`, cause === undefined ? {} : { cause }))
  }
}

/** Where and when a request began, by the word of its first record, which nobody has checked yet. */
function beginningOf(record: Partial<UsageRecord> | null | undefined): { endpoint: string; startedAt: Date } {
  const { endpoint, createdAt } = record ?? {}
  return {
    endpoint: typeof endpoint === 'string' && endpoint !== '' ? endpoint : 'other',
    startedAt: createdAt instanceof Date ? createdAt : new Date(),
  }
}

function checkOptions({ batch, maxPending, retry }: RecorderOptions): void {
  checkWholeNumber('batch.size', batch?.size, 1)
  checkWholeNumber('batch.intervalMs', batch?.intervalMs, 0, MAX_TIMER_MS)
  checkWholeNumber('maxPending', maxPending, 1)
  checkWholeNumber('retry.attempts', retry?.attempts, 1)
  checkWholeNumber('retry.minMs', retry?.minMs, 0, MAX_TIMER_MS)
  checkWholeNumber('retry.maxMs', retry?.maxMs, 0, MAX_TIMER_MS)
}
