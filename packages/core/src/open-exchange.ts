import { checkOptions, optionsResolver, type UsageOptions } from './configuration.ts'
import { currentUsage, silentHandle } from './context.ts'
import { Exchange, type ExchangeRequest } from './exchange.ts'
import { processState } from './process.ts'
import { questionsOf } from './questions.ts'
import { internalError, report } from './report.ts'

/** How one request is served. */
export interface Opened {
  /** `null` when nobody meters it here: an outer request does, or `recorder` is `null`. */
  exchange: Exchange | null
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
    const resolved = resolveOptions()
    const { recorder } = resolved
    if (recorder === null) return transparent()
    try {
      const exchange = new Exchange({
        request,
        options: { ...resolved, recorder },
        questions: questionsOf(resolved, args),
      })
      return { exchange, run: (handle) => exchange.run(handle) }
    } catch (error) {
      report(resolved.onError, internalError('opening a request', error))
      return transparent()
    }
  }
}

const JOINED: Opened = { exchange: null, run: (handle) => handle() }

/** Nobody meters: the handler serves as if it were bare, and its stamps are taken silently. */
function transparent(): Opened {
  const state = processState()
  state.transparent = true
  return { exchange: null, run: (handle) => state.storage.run(silentHandle, handle) }
}
