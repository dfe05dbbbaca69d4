import { checkOptions, optionsResolver, type ResolvedOptions, type UsageOptions } from './configuration.ts'
import { currentUsage, silentHandle } from './context.ts'
import type { Drain } from './drain.ts'
import { Exchange, type ExchangeRequest, type ExchangeResponse, type RecordingOptions } from './exchange.ts'
import { processState } from './process.ts'
import { questionsOf } from './questions.ts'
import { internalError, report } from './report.ts'
import type { Ending } from './verdict.ts'

/** One request's life, as an adapter drives it. No method throws; after `end` nothing changes. */
export interface OpenExchange {
  /** Runs something inside the request's async context. */
  run<T>(work: () => T): T
  /** Runs a read of the handler's body inside the request's async context. */
  read<T>(read: () => T): T
  /**
   * The handler has answered, or its head is about to go out. Returns whether chunks must be shown and `end` called;
   * `false`: nothing more can be learned, and the response belongs to the client untouched.
   */
  answer(response: ExchangeResponse): boolean
  /**
   * The client has left before the handler answered. What that says by the time it answers counts, as `cancelled`; one
   * that never answers has until `idleTimeoutMs`.
   */
  left(): void
  /** The handler itself threw. What it threw belongs to the caller. */
  threw(): void
  /** The client asked for a chunk. */
  asked(): void
  /** A chunk is on its way to the client; `null` for one without bytes, after which nothing of the body is believed. */
  chunk(bytes: Uint8Array | null): void
  /**
   * The client has left in the middle of the body. What says how long that may go on without it, by `onDisconnect`: show its
   * chunks, count them, and `end('drained')` when it was read to its end. `null`: it may not; call `end('cancelled')`.
   */
  drain(): Drain | null
  /** The response has ended. The first call settles the request, whatever it says. */
  end(ending: Ending): void
  /** Something of the adapter's own went wrong. It is reported, and the response goes on. */
  troubled(what: string, cause: unknown): void
  /** Resolves when the store has acknowledged what became of the request, or has failed for good. */
  acknowledged(): Promise<void>
}

/** How one request is served. */
export interface Opened {
  /** `null` when nobody meters it here: an outer request does, or `recorder` is `null`. */
  exchange: OpenExchange | null
  /** Runs the handler in the async context that belongs to it. */
  run<T>(handle: () => T): T
}

/**
 * Opens the exchanges of one wrapped handler, by its options and those of the process. Inside another metered request
 * that one goes on.
 *
 * @throws UsageError `bad-option` for a number that is none, or out of range
 */
export function exchangeOpener<Args extends readonly unknown[]>(
  options: UsageOptions<Args>,
): (request: ExchangeRequest, args: Args) => Opened {
  checkOptions(options)
  const resolveOptions = optionsResolver(options)

  return function open(request, args) {
    if (currentUsage()?.open) return JOINED
    const options = resolveOptions()
    if (!hasRecorder(options)) return transparent()
    try {
      const exchange = new Exchange({ request, options, questions: questionsOf(options, args) })
      return { exchange, run: (handle) => exchange.run(handle) }
    } catch (error) {
      report(options.onError, internalError('opening a request', error))
      return transparent()
    }
  }
}

function hasRecorder(options: ResolvedOptions): options is RecordingOptions {
  return options.recorder !== null
}

const JOINED: Opened = { exchange: null, run: (handle) => handle() }

/** Nobody meters: the handler serves as if it were bare, and its stamps are taken silently. */
function transparent(): Opened {
  const state = processState()
  state.transparent = true
  return { exchange: null, run: (handle) => state.storage.run(silentHandle, handle) }
}
