import { checkOptions, optionsResolver, type ResolvedOptions, type UsageOptions } from './configuration.ts'
import { currentUsage, silentHandle } from './context.ts'
import { Exchange } from './exchange.ts'
import { processState } from './process.ts'
import type { Recorder } from './recorder.ts'
import { hush, internalError, type OnError, report } from './report.ts'
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
    return deliver(exchange, args[0], response, resolved.onError)
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
function deliver(exchange: Exchange, request: Request, response: Response, onError: OnError | undefined): Response {
  if (!exchange.answer(headOf(response))) return response
  try {
    const body = unreadBody(response)
    if (body) return observed(exchange, request, response, body)
  } catch (error) {
    report(onError, internalError('wrapping a response', error))
  }
  exchange.end('complete')
  return response
}

/** @throws what the platform throws at a response that it cannot rebuild; the body is then as it was */
function observed(
  exchange: Exchange,
  request: Request,
  response: Response,
  body: ReadableStream<Uint8Array>,
): Response {
  let stopListening = (): void => {}
  const { stream, abandon, release } = readThrough(body, {
    asked: () => exchange.asked(),
    chunk: (bytes) => exchange.chunk(bytes),
    run: (read) => exchange.run(read),
    end(how) {
      stopListening()
      exchange.end(how)
    },
  })
  try {
    const wrapped = rewrap(response, stream)
    stopListening = onAbort(request, abandon)
    return wrapped
  } catch (error) {
    release()
    throw error
  }
}

/** The body, if it is a web stream that nobody has begun to read; of what only looks like a response, none. */
function unreadBody(response: Response): ReadableStream<Uint8Array> | null {
  if (!(response instanceof Response) && Object.prototype.toString.call(response) !== '[object Response]') return null
  const { body } = response
  return typeof body?.getReader === 'function' && !body.locked && !response.bodyUsed ? body : null
}

/** Some frameworks take something else for an upgrade, and a handler may return anything: it has no head that counts. */
function headOf(response: Response | undefined): { status: number; headers: Headers; hasBody: boolean } {
  try {
    if (typeof response?.status !== 'number') return noHead()
    const { status, headers, body } = response
    const upgrade = 'webSocket' in response && Boolean(response.webSocket)
    const known = Object.prototype.toString.call(headers) === '[object Headers]'
    return { status, headers: known ? headers : new Headers(), hasBody: !upgrade && body !== null }
  } catch {
    return noHead()
  }
}

/** Made when it is needed: in Node the first `Headers` loads all of its fetch, five times what importing core costs. */
const noHead = () => ({ status: 0, headers: new Headers(), hasBody: false })

/**
 * Calls back with the reason when the client is gone, at once if it is already; returns how to stop listening. On Deno
 * the signal aborts on every normal completion too, and reading it prints a warning.
 */
function onAbort(request: Request, leave: (reason: unknown) => void): () => void {
  if ('Deno' in globalThis) return () => {}
  try {
    const { signal } = request
    const gone = (): void => leave(signal.reason)
    if (signal.aborted === true) gone()
    else signal.addEventListener('abort', gone, { once: true })
    return () => signal.removeEventListener('abort', gone)
  } catch {
    return () => {}
  }
}
