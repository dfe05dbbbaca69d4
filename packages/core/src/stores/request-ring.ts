import type { UsageRecord } from '../record.ts'
import type { RequestLines } from './requests.ts'

/**
 * The youngest requests, at most `capacity` records of them. The oldest leave first, whole; a request with more lines
 * than the ring holds leaves at once. Adding costs the same however full the ring is.
 */
export class RequestRing {
  readonly #capacity: number
  /** By arrival number; the oldest is `#first`. */
  #requests = new Map<number, RequestLines>()
  #next = 0
  #first = 0
  #records = 0
  /** Request ids by record id. */
  readonly #owners = new Map<string, string>()
  readonly #evicted = { requests: 0, records: 0 }

  constructor(capacity: number) {
    this.#capacity = capacity
  }

  /** What has left because the ring was full. */
  get evicted(): Readonly<{ requests: number; records: number }> {
    return this.#evicted
  }

  /** The request of which a record of this id is in the ring. */
  ownerOf(id: string): string | undefined {
    return this.#owners.get(id)
  }

  add(request: RequestLines): void {
    this.#requests.set(this.#next, request)
    this.#next += 1
    this.#records += request.lines.length
    for (const line of request.lines) this.#owners.set(line.id, request.requestId)
    while (this.#records > this.#capacity) this.#evictOldest()
  }

  /** Requests, oldest first. */
  requests(): Iterable<RequestLines> {
    return this.#requests.values()
  }

  *records(): Generator<UsageRecord> {
    for (const { lines } of this.#requests.values()) yield* lines
  }

  /** Keeps the records that pass, and says how many went. */
  retain(keep: (record: UsageRecord) => boolean): number {
    const before = this.#records
    for (const [arrival, request] of this.#requests) {
      const lines = request.lines.filter(keep)
      if (lines.length === request.lines.length) continue
      this.#forget(request.lines.filter((line) => !lines.includes(line)))
      if (lines.length > 0) this.#requests.set(arrival, { ...request, lines })
      else this.#requests.delete(arrival)
    }
    return before - this.#records
  }

  clear(): void {
    this.#requests = new Map()
    this.#owners.clear()
    this.#records = 0
  }

  #evictOldest(): void {
    let oldest = this.#requests.get(this.#first)
    for (; oldest === undefined; oldest = this.#requests.get(this.#first)) this.#first += 1
    this.#requests.delete(this.#first)
    this.#forget(oldest.lines)
    this.#evicted.requests += 1
    this.#evicted.records += oldest.lines.length
  }

  #forget(lines: readonly UsageRecord[]): void {
    this.#records -= lines.length
    for (const line of lines) this.#owners.delete(line.id)
  }
}
