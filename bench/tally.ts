import { createHistogram, type Histogram } from 'node:perf_hooks'

/** What clients saw of a server over some time. */
export interface Seen {
  served: number
  seconds: number
  /** Milliseconds from asking to the last byte. */
  latency: Quantiles
  /** Milliseconds from asking to the first byte. */
  firstByte: Quantiles
}

export interface Quantiles {
  p50: number
  p99: number
}

/** One request on its way. */
export interface Asked {
  at: number
  begun: boolean
}

/** Counts answers and the time they take. */
export class Tally {
  readonly #latency = createHistogram()
  readonly #firstByte = createHistogram()
  readonly #startedAt = performance.now()
  #lastAt = this.#startedAt
  #served = 0

  ask(): Asked {
    return { at: performance.now(), begun: false }
  }

  /** Bytes of the answer have come. */
  byte(asked: Asked): void {
    if (asked.begun) return
    asked.begun = true
    this.#firstByte.record(nanoseconds(performance.now() - asked.at))
  }

  answered(asked: Asked): void {
    this.#lastAt = performance.now()
    this.#served++
    this.#latency.record(nanoseconds(this.#lastAt - asked.at))
  }

  result(): Seen {
    const quantiles = (of: Histogram): Quantiles => ({
      p50: of.percentile(50) / 1e6,
      p99: of.percentile(99) / 1e6,
    })
    return {
      served: this.#served,
      seconds: (this.#lastAt - this.#startedAt) / 1000,
      latency: quantiles(this.#latency),
      firstByte: quantiles(this.#firstByte),
    }
  }
}

const nanoseconds = (ms: number): number => Math.max(1, Math.round(ms * 1e6))
