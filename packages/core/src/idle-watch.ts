import { bindsToRequests } from './platform.ts'
import { MAX_TIMER_MS, unref } from './timers.ts'

/** Of the timeout, as late the call may come: activity has no time of its own, it is looked for as often as this. */
const LOOKS = 8

/**
 * Where timers end with their request, and a request that has a timer is not seen to hang: watches without one, the
 * longest not looked at first. Whoever begins a watch looks at others.
 */
const untimed = new Set<IdleWatch>()

/** More are looked at than begin, so that each has its turn. */
const LOOKS_FOR_ONE = 2

function lookAtOthers(): void {
  const turn = untimed.values()
  for (const watch of Array.from({ length: LOOKS_FOR_ONE }, () => turn.next().value)) watch?.look()
}

/** Calls back once when nothing has happened for a time. Being told that something happened costs no timer, and no clock. */
export class IdleWatch {
  readonly #timeoutMs: number
  readonly #onIdle: () => void
  readonly #timed: boolean
  #timer: ReturnType<typeof setTimeout> | undefined
  #active = false
  /** When something last can have happened. */
  #quietSince = performance.now()

  constructor(timeoutMs: number, onIdle: () => void) {
    this.#timeoutMs = timeoutMs
    this.#onIdle = onIdle
    this.#timed = !bindsToRequests()
    if (!this.#timed) lookAtOthers()
    this.#arm(timeoutMs)
  }

  active(): void {
    this.#active = true
  }

  stop(): void {
    clearTimeout(this.#timer)
    untimed.delete(this)
  }

  /** Calls back if it is time. */
  look(): void {
    const now = performance.now()
    if (this.#active) this.#quietSince = now
    this.#active = false
    const left = this.#timeoutMs - (now - this.#quietSince)
    untimed.delete(this)
    if (left < 1) this.#onIdle()
    else this.#arm(left)
  }

  #arm(leftMs: number): void {
    if (!this.#timed) {
      untimed.add(this)
      return
    }
    const delayMs = Math.min(leftMs, Math.ceil(this.#timeoutMs / LOOKS), MAX_TIMER_MS)
    this.#timer = setTimeout(() => this.look(), delayMs)
    unref(this.#timer)
  }
}
