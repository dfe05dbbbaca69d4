import { MAX_TIMER_MS, unref } from './timers.ts'

/** Calls back once when nothing has happened for a time. Being told that something happened costs no timer. */
export class IdleWatch {
  readonly #timeoutMs: number
  readonly #onIdle: () => void
  #timer: ReturnType<typeof setTimeout> | undefined
  #lastActivity: number

  constructor(timeoutMs: number, onIdle: () => void) {
    this.#timeoutMs = timeoutMs
    this.#onIdle = onIdle
    this.#lastActivity = performance.now()
    this.#arm(timeoutMs)
  }

  active(now: number): void {
    this.#lastActivity = now
  }

  stop(): void {
    clearTimeout(this.#timer)
  }

  #arm(delayMs: number): void {
    this.#timer = setTimeout(() => this.#look(), Math.min(delayMs, MAX_TIMER_MS))
    unref(this.#timer)
  }

  #look(): void {
    const left = this.#timeoutMs - (performance.now() - this.#lastActivity)
    if (left < 1) this.#onIdle()
    else this.#arm(left)
  }
}
