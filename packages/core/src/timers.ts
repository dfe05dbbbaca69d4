import { bindsToRequests } from './platform.ts'

/** A timer with a longer delay would fire at once. */
export const MAX_TIMER_MS = 2 ** 31 - 1

/** Deno's way to let go of a timer that is a number, as its timers were before 2.8. */
interface DenoTimers {
  unrefTimer?(timer: number): void
}

/** A timer of ours never keeps a process alive. Other runtimes whose timers are numbers need nothing. */
export function unref(timer: ReturnType<typeof setTimeout> | number): void {
  if (typeof timer === 'object') timer.unref()
  else (globalThis as { Deno?: DenoTimers }).Deno?.unrefTimer?.(timer)
}

/** Next's edge runtime has a `setImmediate` that throws, and a build that warns of one by its bare name. */
function defer(run: () => void): void {
  try {
    globalThis.setImmediate(run)
  } catch {
    setTimeout(run, 0)
  }
}

/** Lets everything else that waits for the event loop have its turn. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => defer(resolve))
}

/** What the work came to, `'late'` when that was not known in time. Rejects as the work does; leaves no timer. */
export async function within<T>(timeoutMs: number, work: PromiseLike<T>): Promise<T | 'late'> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<'late'>((resolve) => {
    timer = setTimeout(() => resolve('late'), timeoutMs)
    unref(timer)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}

/** Keeps the process alive until the work is done: our own timers, which it may wait for, do not. A Worker has none to keep. */
export async function holdingProcess<T>(work: () => Promise<T>): Promise<T> {
  if (bindsToRequests()) return work()
  const hold = setInterval(() => {}, 2 ** 30)
  try {
    return await work()
  } finally {
    clearInterval(hold)
  }
}
