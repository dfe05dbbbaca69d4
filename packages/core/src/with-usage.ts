import type { UsageOptions } from './configuration.ts'
import { exchangeOpener, type OpenExchange } from './open-exchange.ts'
import { hasLeft, onAbort } from './request-facts.ts'
import { headOf, unreadBody } from './response-facts.ts'
import { rewrap } from './rewrap.ts'
import { readThrough } from './tee.ts'
import { holdsWhole, readBeside } from './whole-body.ts'

/**
 * A handler of requests; what a framework passes besides the request is passed on. On Bun it answers `undefined` for a
 * request that became a WebSocket.
 */
export type UsageHandler<Args extends readonly unknown[], Answer extends Response | undefined = Response> = (
  ...args: Args
) => Answer | Promise<Answer>

/**
 * Wraps a handler: each request is metered and recorded, and the client receives exactly what the handler sends.
 *
 * Inside another `withUsage` it joins the outer request. With `recorder: null` it meters nothing.
 *
 * @throws UsageError `bad-option` for a number that is none, or out of range
 */
export function withUsage<
  Args extends readonly [request: Request, ...rest: unknown[]],
  Answer extends Response | undefined = Response,
>(
  handler: UsageHandler<Args, Answer>,
  options: UsageOptions<Args> = {},
): (...args: Args) => Promise<Response | Extract<Answer, undefined>> {
  const open = exchangeOpener(options)

  async function metered(...args: Args): Promise<Response | Answer> {
    const { exchange, run } = open(args[0], args)
    if (exchange === null) return run(() => handler(...args))
    const response = await answerOf(exchange, () => handler(...args))
    return deliver(exchange, args[0], response)
  }
  // Deno gives a handler as many arguments as its length asks for, and none for 0.
  Object.defineProperty(metered, 'length', { value: 2 })
  return metered as (...args: Args) => Promise<Response | Extract<Answer, undefined>>
}

/** The handler's answer. What it throws, a framework's control-flow signal too, goes on untouched. */
async function answerOf<Answer>(exchange: OpenExchange, handle: () => Answer | Promise<Answer>): Promise<Answer> {
  try {
    return await exchange.run(handle)
  } catch (error) {
    exchange.threw()
    throw error
  }
}

/** The same response where nothing can be learned from its body, else one whose body is read through the exchange. */
function deliver<Answer extends Response | undefined>(
  exchange: OpenExchange,
  request: Request,
  response: Answer,
): Response | Answer {
  if (hasLeft(request)) exchange.left()
  if (!exchange.answer(headOf(response)) || response === undefined) return response
  try {
    if (holdsWhole(response)) return readBeside(exchange, response)
    const body = unreadBody(response)
    if (body) return observed(exchange, request, response, body)
  } catch (error) {
    exchange.troubled('wrapping a response', error)
  }
  exchange.end('complete')
  return response
}

/** @throws what the platform throws at a response that it cannot rebuild; the body is then as it was */
function observed(
  exchange: OpenExchange,
  request: Request,
  response: Response,
  body: ReadableStream<Uint8Array>,
): Response {
  let stopListening = (): void => {}
  const { stream, abandon, release } = readThrough(body, {
    asked: () => exchange.asked(),
    chunk: (bytes) => exchange.chunk(bytes),
    run: (read) => exchange.read(read),
    left: () => exchange.drain(),
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
