import { copyIdentity } from './identity.ts'
import { within } from './timers.ts'
import type { Identity } from './types.ts'

export type IdentityAnswer = Identity | null | undefined

/** `identify`, with its arguments bound. */
export type Identify = () => IdentityAnswer | Promise<IdentityAnswer>

/**
 * Who made the request, asked once and beside the response. A synchronous answer is known at once, so that the common
 * case costs no turn of the event loop; one that fails or comes late is no answer.
 */
export class IdentityQuestion {
  #answer: IdentityAnswer
  #pending: Promise<void> | undefined

  /** @param onFailure called when `identify` throws, rejects or takes longer than `timeoutMs` */
  ask(identify: Identify, timeoutMs: number, onFailure: (cause: unknown) => void): void {
    try {
      const answer = identify()
      if (!isPromiseLike(answer)) this.#answer = copyIdentity(answer)
      else
        this.#pending = inTime(answer, timeoutMs)
          .then((identity) => {
            this.#answer = copyIdentity(identity)
          })
          .catch(onFailure)
          .finally(() => {
            this.#pending = undefined
          })
    } catch (cause) {
      onFailure(cause)
    }
  }

  /** What is known now. */
  get answer(): IdentityAnswer {
    return this.#answer
  }

  /** Calls back once there is nothing left to wait for: at once, if so now. */
  whenAnswered(callback: () => void): void {
    if (this.#pending) void this.#pending.then(callback)
    else callback()
  }
}

async function inTime(answer: PromiseLike<IdentityAnswer>, timeoutMs: number): Promise<IdentityAnswer> {
  const identity = await within(timeoutMs, answer)
  if (identity === 'late') throw new Error(`no answer within ${timeoutMs} ms`)
  return identity
}

function isPromiseLike<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  return typeof value === 'object' && value !== null && 'then' in value
}
