/** Taken when the module loads: a test's fake clock does not stop the store. */
const { setImmediate } = globalThis

/**
 * Runs jobs in the order given, each in a turn of the event loop of its own: work that is synchronous never adds up to
 * a long hold, however many callers wait.
 */
export class Turns {
  #last: Promise<unknown> = Promise.resolve()

  run<Result>(job: () => Result): Promise<Awaited<Result>> {
    const result = this.#last.then(nextTurn).then(job) as Promise<Awaited<Result>>
    this.#last = result.catch(() => {})
    return result
  }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
