import type { Tally } from '../types.ts'

/** The youngest tallies. The greatest count under a key stands; past `capacity` the first to come leaves first. */
export class TallyTable {
  readonly #capacity: number
  readonly #tallies = new Map<string, Tally>()
  #evicted = 0

  constructor(capacity: number) {
    this.#capacity = capacity
  }

  /** Tallies that have left because the table was full. */
  get evicted(): number {
    return this.#evicted
  }

  put(tally: Tally): void {
    const key = keyOf(tally)
    const known = this.#tallies.get(key)
    if (known && known.count >= tally.count) return
    this.#tallies.set(key, tally)
    if (this.#tallies.size > this.#capacity) this.#evictFirst()
  }

  tallies(): Iterable<Tally> {
    return this.#tallies.values()
  }

  /** Removes the tallies of slots that began before the instant, and says how many. */
  prune(before: number): number {
    const size = this.#tallies.size
    for (const [key, tally] of this.#tallies) if (tally.slot.getTime() < before) this.#tallies.delete(key)
    return size - this.#tallies.size
  }

  clear(): void {
    this.#tallies.clear()
  }

  #evictFirst(): void {
    for (const key of this.#tallies.keys()) {
      this.#tallies.delete(key)
      this.#evicted += 1
      return
    }
  }
}

function keyOf({ instanceId, slot, endpoint, account, reason }: Tally): string {
  return JSON.stringify([instanceId, slot.getTime(), endpoint, account, reason])
}
