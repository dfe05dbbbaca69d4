import { checkOptions, optionsResolver, type ResolvedOptions, type UsageOptions } from './configuration.ts'
import { currentUsage, silentHandle } from './context.ts'
import { Exchange } from './exchange.ts'
import { processState } from './process.ts'
import type { Recorder } from './recorder.ts'
import { hush, internalError, report } from './report.ts'
import { rewrap } from './rewrap.ts'
import { readThrough } from './tee.ts'

/** A handler of requests; what a framework passes besides the request is passed on. */
export type UsageHandler<Args extends readonly unknown[]> = (...args: Args) => Response | Promise<Response>

/**
 * Wraps a handler: each request is metered and recorded, and the client receives exactly what the handler sends.
 *
 * Inside another `withUsage` it joins the outer request. With `recorder: null` it meters nothing.
 *
 * @throws UsageError `bad-option` for a number that is none, or out of range
 */
export function withUsage<Args extends readonly [request: Request, ...rest: unknown[]]>(
  handler: UsageHandler<Args>,
  options: UsageOptions<Args> = {},
): (...args: Args) => Promise<Response> {
  checkOptions(options)
  const resolveOptions = optionsResolver(options)

  return async function metered(...args: Args): Promise<Response> {
    if (currentUsage()?.open) return handler(...args)
    const resolved = resolveOptions()
    if (resolved.recorder === null) return passThrough(() => handler(...args))
    const exchange = openExchange(args, { ...resolved, recorder: resolved.recorder })
    if (exchange === null) return passThrough(() => handler(...args))
    const askFramework = (): void => askAdapter(exchange, resolved, args)
    const response = await answerOf(exchange, () => handler(...args), askFramework)
    return deliver(exchange, args[0], response)
  }
}

/** Nobody meters: the handler serves as if it were bare, and its stamps are taken silently. */
function passThrough<T>(handle: () => T): T {
  const state = processState()
  state.transparent = true
  return state.storage.run(silentHandle, handle)
}

/** `null` when metering cannot even begin. */
function openExchange(
  args: readonly [Request, ...unknown[]],
  options: ResolvedOptions & { recorder: Recorder },
): Exchange | null {
  try {
    const identify = options.identify as ((...all: unknown[]) => never) | undefined
    return new Exchange({ request: args[0], options, identify: identify && (() => identify(...args)) })
  } catch (error) {
    report(options.onError, internalError('opening a request', error))
    return null
  }
}

/** The handler's answer. What it throws, a framework's control-flow signal too, goes on untouched. */
async function answerOf(
  exchange: Exchange,
  handle: () => Response | Promise<Response>,
  askFramework: () => void,
): Promise<Response> {
  try {
    const response = await exchange.run(handle)
    askFramework()
    return response
  } catch (error) {
    askFramework()
    exchange.threw()
    throw error
  }
}

/** What only the framework knows: the route, and how to keep the platform alive until the store has the record. */
function askAdapter(
  exchange: Exchange,
  { route, waitUntil, onError }: ResolvedOptions,
  args: readonly unknown[],
): void {
  const ask = (what: string, question: () => unknown): void => {
    try {
      hush(question())
    } catch (error) {
      report(onError, internalError(what, error))
    }
  }
  if (route)
    ask('asking for the route', () => {
      const pattern = route(...(args as never[]))
      if (typeof pattern === 'string') exchange.route(pattern)
      return pattern
    })
  if (waitUntil) ask('waitUntil', () => waitUntil(exchange.acknowledged(), ...(args as never[])))
}

/** The same response where nothing can be learned from its body, else one whose body is read through the exchange. */
function deliver(exchange: Exchange, request: Request, response: Response): Response {
  if (!exchange.answer(headOf(response))) return response
  const { body } = response
  if (!body || !isUnread(response)) {
    exchange.end('complete')
    return response
  }
  const signal = abortSignalOf(request)
  const { stream, abandon } = readThrough(body, {
    asked: () => exchange.asked(),
    chunk: (bytes) => exchange.chunk(bytes),
    run: (read) => exchange.run(read),
    end(how) {
      signal?.removeEventListener('abort', leave)
      exchange.end(how)
    },
  })
  const leave = (): void => abandon(signal?.reason)
  if (signal?.aborted) leave()
  else signal?.addEventListener('abort', leave, { once: true })
  return rewrap(response, stream)
}

/** False when someone else reads the body, and for a body of another kind than the platform's own. */
function isUnread({ body, bodyUsed }: Response): boolean {
  return typeof body?.getReader === 'function' && !body.locked && !bodyUsed
}

/** Some frameworks take something else for an upgrade: it has neither status nor body. */
function headOf(response: Response | undefined): { status: number; headers: Headers; hasBody: boolean } {
  if (typeof response?.status !== 'number') return { status: 0, headers: new Headers(), hasBody: false }
  const upgrade = 'webSocket' in response && Boolean(response.webSocket)
  return { status: response.status, headers: response.headers, hasBody: !upgrade && response.body !== null }
}

/** On Deno the signal aborts on every normal completion too, and reading it prints a warning. */
function abortSignalOf(request: Request): AbortSignal | undefined {
  return 'Deno' in globalThis ? undefined : request.signal
}
