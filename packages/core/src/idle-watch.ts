import { MAX_TIMER_MS, unref } from './timers.ts'

/** Of the timeout, as late the call may come: activity has no time of its own, it is looked for as often as this. */
const LOOKS = 8

/** Calls back once when nothing has happened for a time. Being told that something happened costs no timer, and no clock. */
export class IdleWatch {
  readonly #timeoutMs: number
  readonly #onIdle: () => void
  #timer: ReturnType<typeof setTimeout> | undefined
  #active = false
  /** When something last can have happened. */
  #quietSince = performance.now()

  constructor(timeoutMs: number, onIdle: () => void) {
    this.#timeoutMs = timeoutMs
    this.#onIdle = onIdle
    this.#arm(timeoutMs)
  }

  active(): void {
    this.#active = true
  }

  stop(): void {
    clearTimeout(this.#timer)
  }

  #arm(leftMs: number): void {
    const delayMs = Math.min(leftMs, Math.ceil(this.#timeoutMs / LOOKS), MAX_TIMER_MS)
    this.#timer = setTimeout(() => this.#look(), delayMs)
    unref(this.#timer)
  }

  #look(): void {
    const now = performance.now()
    if (this.#active) this.#quietSince = now
    this.#active = false
    const left = this.#timeoutMs - (now - this.#quietSince)
    if (left < 1) this.#onIdle()
    else this.#arm(left)
  }
}
