/** Counts timers that are alive, also those that keep no process alive. Import it before whatever sets them. */

const live = new Set<unknown>()

/** Timers set and neither fired nor cleared. */
export const liveTimers = (): number => live.size

const { setTimeout: set, clearTimeout: clear } = globalThis

function setAndCount(callback: (...args: unknown[]) => void, delayMs?: number, ...args: unknown[]) {
  const timer = set(() => {
    live.delete(timer)
    callback(...args)
  }, delayMs)
  live.add(timer)
  return timer
}

globalThis.setTimeout = Object.assign(setAndCount, set) as typeof setTimeout
globalThis.clearTimeout = (timer) => {
  live.delete(timer)
  clear(timer as NodeJS.Timeout)
}
