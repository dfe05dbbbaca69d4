/** A timer with a longer delay would fire at once. */
export const MAX_TIMER_MS = 2 ** 31 - 1

/** A timer of ours never keeps a process alive. Runtimes whose timers are numbers need nothing. */
export function unref(timer: ReturnType<typeof setTimeout>): void {
  if (typeof timer === 'object') timer.unref()
}

const defer: (run: () => void) => unknown =
  typeof setImmediate === 'function' ? setImmediate : (run) => setTimeout(run, 0)

/** Lets everything else that waits for the event loop have its turn. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => defer(resolve))
}

/** Resolves after a time, for which the process is not kept alive. */
export function pause(delayMs: number): Promise<void> {
  return new Promise((resolve) => unref(setTimeout(resolve, delayMs)))
}

/** Keeps the process alive until the work is done: our own timers, which it may wait for, do not. */
export async function holdingProcess<T>(work: () => Promise<T>): Promise<T> {
  const hold = setInterval(() => {}, 2 ** 30)
  try {
    return await work()
  } finally {
    clearInterval(hold)
  }
}
