import type { Reason, Tally } from './types.ts'

/** A quarter of an hour: the slot of a tally, and the finest bucket of an account. */
export const SLOT_MS = 900_000

interface Entry {
  tally: Tally
  /** The count that the store has acknowledged. */
  acknowledged: number
}

/** Where requests are counted whose own endpoint would be one total too many. */
const OTHER = 'other'

/**
 * Running totals of one recorder, by quarter of an hour, of the requests that have no record. A total is sent again
 * until the store has acknowledged it. A slot that is over, whose totals are acknowledged and in which no open request
 * began leaves the book. From `capacity` totals on, new endpoints are counted as `other`; at twice that, the oldest
 * total is dropped.
 */
export class TallyBook {
  readonly #createId: () => string
  #instanceId: string | undefined
  readonly #capacity: number
  readonly #onDropped: (tally: Tally) => void
  readonly #entries = new Map<string, Entry>()
  /** Requests still open, by the slot in which they began. */
  readonly #open = new Map<number, number>()
  /** Totals that the store does not know yet. */
  readonly #unsent = new Set<Entry>()
  readonly #waiting: (() => void)[] = []
  #released = false
  /** Slots before this one have left the book: a total begun there again would be smaller than the stored one. */
  #firstSlot = Number.NEGATIVE_INFINITY

  /** @param options.createId asked once, with the first tally: some runtimes have no randomness before a request */
  constructor(options: { createId: () => string; capacity: number; onDropped: (tally: Tally) => void }) {
    this.#createId = options.createId
    this.#capacity = options.capacity
    this.#onDropped = options.onDropped
  }

  /** A request begins, at the latest now. The slot that comes back belongs to it until `leave`. */
  enter(startedAt: number): number {
    const now = Date.now()
    const begun = Number.isNaN(startedAt) ? now : Math.min(startedAt, now)
    const slot = Math.max(Math.floor(begun / SLOT_MS) * SLOT_MS, this.#firstSlot)
    this.#open.set(slot, (this.#open.get(slot) ?? 0) + 1)
    return slot
  }

  /** The request of the slot is accounted for. */
  leave(slot: number): void {
    const left = (this.#open.get(slot) ?? 1) - 1
    if (left > 0) this.#open.set(slot, left)
    else this.#open.delete(slot)
  }

  count(slot: number, endpoint: string, account: Tally['account'], reason: Reason): void {
    const entry = this.#entryOf(slot, endpoint, account, reason)
    entry.tally = { ...entry.tally, count: entry.tally.count + 1 }
    this.#unsent.add(entry)
  }

  get hasUnsent(): boolean {
    return this.#unsent.size > 0
  }

  /** Totals that the store does not know yet. */
  get unsentCount(): number {
    return this.#unsent.size
  }

  /**
   * Totals that the store does not know yet, at most so many, the longest unsent first. Call `acknowledge` once the
   * store has them; one such write at a time, where anyone waits for `acknowledged`.
   */
  unsent(limit = Number.POSITIVE_INFINITY): { tallies: Tally[]; acknowledge: () => void } {
    const sent: { entry: Entry; tally: Tally }[] = []
    for (const entry of this.#unsent) {
      if (sent.length >= limit) break
      sent.push({ entry, tally: entry.tally })
    }
    const waiting = sent.length === this.#unsent.size ? this.#waiting.length : 0
    let answered = false
    return {
      tallies: sent.map(({ tally }) => tally),
      acknowledge: () => {
        if (answered) return
        answered = true
        for (const { entry, tally } of sent) this.#acknowledge(entry, tally.count)
        // With nothing unsent there is no later write to wait for, also for those who came during this one.
        for (const resolve of this.#waiting.splice(0, this.hasUnsent ? waiting : Infinity)) resolve()
        this.#retire()
      },
    }
  }

  /** Resolves when the totals as they are now are acknowledged. */
  acknowledged(): Promise<void> {
    if (this.#released || !this.hasUnsent) return Promise.resolve()
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  /** Nothing will be sent any more: lets go of everyone who waits, now and later. */
  release(): void {
    this.#released = true
    for (const resolve of this.#waiting.splice(0)) resolve()
  }

  #entryOf(slot: number, endpoint: string, account: Tally['account'], reason: Reason): Entry {
    const known = this.#entries.get(keyOf(slot, endpoint, account, reason))
    if (known) return known
    const full = this.#entries.size >= this.#capacity
    if (full && endpoint !== OTHER) return this.#entryOf(slot, OTHER, account, reason)
    return this.#begin(slot, endpoint, account, reason)
  }

  #begin(slot: number, endpoint: string, account: Tally['account'], reason: Reason): Entry {
    if (this.#entries.size >= 2 * this.#capacity) this.#dropOldest()
    this.#instanceId ??= this.#createId()
    const tally = { instanceId: this.#instanceId, slot: new Date(slot), endpoint, account, reason, count: 0 }
    const entry = { tally, acknowledged: 0 }
    this.#entries.set(keyOf(slot, endpoint, account, reason), entry)
    return entry
  }

  #dropOldest(): void {
    const [key, entry] = this.#entries.entries().next().value ?? []
    if (key === undefined || entry === undefined) return
    this.#entries.delete(key)
    this.#unsent.delete(entry)
    this.#firstSlot = Math.max(this.#firstSlot, entry.tally.slot.getTime() + SLOT_MS)
    this.#onDropped(entry.tally)
  }

  #acknowledge(entry: Entry, count: number): void {
    entry.acknowledged = Math.max(entry.acknowledged, count)
    this.#unsent.delete(entry)
    // Counted again meanwhile: it goes to the end, so that those behind it have their turn.
    if (entry.acknowledged < entry.tally.count) this.#unsent.add(entry)
  }

  #retire(): void {
    const now = Date.now()
    for (const [key, entry] of this.#entries) {
      const slot = entry.tally.slot.getTime()
      if (slot + SLOT_MS > now || this.#unsent.has(entry) || this.#open.has(slot)) continue
      this.#entries.delete(key)
      this.#firstSlot = Math.max(this.#firstSlot, slot + SLOT_MS)
    }
  }
}

function keyOf(slot: number, endpoint: string, account: Tally['account'], reason: Reason): string {
  return `${slot} ${account} ${reason} ${endpoint}`
}
