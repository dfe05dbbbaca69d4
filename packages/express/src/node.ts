import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Identity, UsageOptions } from '@withusage/core'
import { exchangeOpener } from '@withusage/core/adapter-kit'
import { observe } from './observe.ts'

export type { FetchHandler } from './fetch-handler.ts'
export { toNodeHandler } from './fetch-handler.ts'

/** A middleware of Connect: `next` runs what comes after it. */
export type NodeMiddleware<Req, Res> = (request: Req, response: Res, next: (error?: unknown) => unknown) => void

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
    const { exchange, run } = open(headOf(request), [request, response])
    if (exchange) {
      if (isUpgrade(request)) exchange.answer({ status: 101, headers: new Headers(), hasBody: false })
      else observe(response, exchange)
    }
    try {
      run(() => next())
    } catch (error) {
      exchange?.threw()
      throw error
    }
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
