import type { UsageRecord } from './record.ts'
import { holdingProcess } from './timers.ts'
import type { IgnoredReason, Reason, UnrecordedReason } from './types.ts'

/** One request's place in the account. The first of `record`, `unrecorded` and `ignored` wins. */
export interface Ticket {
  /** May be refined until the ticket is used: a route is often known only after the handler has run. */
  endpoint: string
  /**
   * The request has these records. Without any it is `unrecorded{no_usage}`.
   *
   * @throws UsageError `invariant`, only with `strict: true`; the request is then `record_failed`
   */
  record(records: readonly UsageRecord[]): void
  /** The request should have a record, and has none. */
  unrecorded(reason: UnrecordedReason): void
  /** The request needs no record. */
  ignored(reason: IgnoredReason): void
  /** Resolves when the store has acknowledged the records or the count of this request, or has failed for good. */
  acknowledged(): Promise<void>
}

/** The recorder, as its tickets know it. */
interface TicketOwner {
  /** The ticket was used with records. */
  take(ticket: RequestTicket, records: readonly UsageRecord[]): void
  /** The ticket was used without records. */
  settle(ticket: RequestTicket, account: 'unrecorded' | 'ignored', reason: Reason): void
  /** Resolves when the store has the tallies as they are now. */
  tallied(): Promise<void>
}

/** The ticket of a recorder, which learns from it what the request came to. */
export class RequestTicket implements Ticket {
  endpoint: string
  readonly slot: number
  readonly #recorder: TicketOwner
  #used = false
  /** `counted`: has no record, its tally may still be on its way. `stored`: nothing is left to wait for. */
  #state: 'open' | 'counted' | 'stored' = 'open'
  #waiting: (() => void) | undefined
  #promise: Promise<void> | undefined
  #written: Promise<void> | undefined
  #held = false

  constructor(recorder: TicketOwner, endpoint: string, slot: number) {
    this.#recorder = recorder
    this.endpoint = endpoint
    this.slot = slot
  }

  record(records: readonly UsageRecord[]): void {
    if (this.#use()) this.#recorder.take(this, records)
  }

  unrecorded(reason: UnrecordedReason): void {
    if (this.#use()) this.#recorder.settle(this, 'unrecorded', reason)
  }

  ignored(reason: IgnoredReason): void {
    if (this.#use()) this.#recorder.settle(this, 'ignored', reason)
  }

  acknowledged(): Promise<void> {
    if (this.#state === 'stored') return Promise.resolve()
    if (this.#state === 'counted') return holdingProcess(() => this.#tallied())
    this.#promise ??= new Promise((resolve) => {
      this.#waiting = resolve
    })
    if (this.#used) this.#holdProcess(this.#promise)
    return this.#promise
  }

  stored(): void {
    this.#state = 'stored'
    this.#waiting?.()
  }

  /** @param written where the request writes its own count: resolves when it has, or that has failed for good */
  counted(written?: Promise<void>): void {
    this.#state = 'counted'
    this.#written = written
    if (this.#waiting) void this.#tallied().then(this.#waiting)
  }

  #tallied(): Promise<void> {
    return this.#written ?? this.#recorder.tallied()
  }

  #use(): boolean {
    const first = !this.#used
    this.#used = true
    if (first && this.#promise) this.#holdProcess(this.#promise)
    return first
  }

  /** Whoever waits means to see it stored: the batch's own timer would let a process end that has nothing else to do. */
  #holdProcess(acknowledged: Promise<void>): void {
    if (this.#held) return
    this.#held = true
    void holdingProcess(() => acknowledged)
  }
}
