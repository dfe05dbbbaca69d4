import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Identity, UsageOptions } from '@withusage/core'
import { exchangeOpener, type OpenExchange, type Opened } from '@withusage/core/adapter-kit'
import { observe } from './observe.ts'

export type { FetchHandler } from './fetch-handler.ts'
export { toNodeHandler } from './fetch-handler.ts'

/** A middleware of Connect: `next` runs what comes after it, and what it gives is given back. */
export type NodeMiddleware<Req, Res> = <T>(request: Req, response: Res, next: (error?: unknown) => T) => T

/** The options of `withUsage`, asked with Node's request and response. */
export interface NodeUsageOptions<Req extends IncomingMessage, Res extends ServerResponse>
  extends Omit<UsageOptions<readonly [Req, Res]>, 'waitUntil'> {
  /**
   * Who made the request. Asked once, when the head of the response goes out: what authentication left on the request is
   * there. When it throws or gives `null`, `fallbackUser` is used.
   */
  identify?: (request: Req, response: Res) => Identity | null | undefined | Promise<Identity | null | undefined>
}

/**
 * Middleware that meters what comes after it, for Connect and plain `node:http`.
 *
 * @example createServer((request, response) => metered(request, response, () => handler(request, response)))
 * @throws UsageError `bad-option` for a number that is none, or out of range
 */
export function usage<Req extends IncomingMessage = IncomingMessage, Res extends ServerResponse = ServerResponse>(
  options: NodeUsageOptions<Req, Res> = {},
): NodeMiddleware<Req, Res> {
  const open = exchangeOpener<readonly [Req, Res]>(options)

  return function usage(request, response, next) {
    const outer = metered.get(response)
    if (outer) return outer(() => next())
    const { exchange, run } = open(headOf(request), [request, response])
    if (exchange === null) return run(() => next())
    metered.set(response, run)
    if (isUpgrade(request)) exchange.answer({ status: 101, headers: new Headers(), hasBody: false })
    else observe(response, exchange)
    return run(() => heard(exchange, next))
  }
}

/** A response is metered once, also where what comes in between has lost the async context: here it is found again. */
const metered = new WeakMap<ServerResponse, Opened['run']>()

/** What comes next, thrown or rejected as it was. */
function heard<T>(exchange: OpenExchange, next: () => T): T {
  const threw = (error: unknown): never => {
    exchange.threw()
    throw error
  }
  try {
    const result = next()
    return result instanceof Promise ? (result.catch(threw) as T) : result
  } catch (error) {
    return threw(error)
  }
}

/**
 * Handed by Node to a listener of `'upgrade'`, which has given it to us with a response that goes nowhere: nobody would
 * hear of its end. The header alone says nothing: where nobody listens, such a request is like any other.
 */
function isUpgrade(request: IncomingMessage & { upgrade?: boolean | null }): boolean {
  return request.upgrade === true
}

/** Express cuts `url` at every router that it enters, and keeps the whole. */
function headOf(request: IncomingMessage & { originalUrl?: string }) {
  const { method = 'GET', originalUrl, url = '/', headers } = request
  return {
    method,
    url: originalUrl ?? url,
    headers: {
      get(name: string): string | null {
        const value = headers[name]
        return value === undefined ? null : `${value}`
      },
    },
  }
}
