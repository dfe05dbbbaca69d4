import type { UsageOptions } from './configuration.ts'
import type { Exchange } from './exchange.ts'
import { exchangeOpener } from './open-exchange.ts'
import { keepDefaultType, rewrap } from './rewrap.ts'
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
  const open = exchangeOpener(options)

  return async function metered(...args: Args): Promise<Response> {
    const { exchange, run } = open(args[0], args)
    if (exchange === null) return run(() => handler(...args))
    const response = await answerOf(exchange, () => handler(...args))
    return deliver(exchange, args[0], response)
  }
}

/** The handler's answer. What it throws, a framework's control-flow signal too, goes on untouched. */
async function answerOf(exchange: Exchange, handle: () => Response | Promise<Response>): Promise<Response> {
  try {
    return await exchange.run(handle)
  } catch (error) {
    exchange.threw()
    throw error
  }
}

/** The same response where nothing can be learned from its body, else one whose body is read through the exchange. */
function deliver(exchange: Exchange, request: Request, response: Response): Response {
  keepDefaultType(response)
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
