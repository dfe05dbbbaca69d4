import { checkOptions, optionsResolver, type UsageOptions } from './configuration.ts'
import { currentUsage, isSilent } from './context.ts'
import { Exchange } from './exchange.ts'
import { isMetered, rewrapFetched, setMeterOfBody } from './fetch-response.ts'
import { lazyBody } from './lazy-body.ts'
import { type FetchCall, MeteredCall } from './metered-call.ts'
import { type FetchArgs, modelQuestion, outgoingRequest, signalOf } from './outgoing-request.ts'
import { internalError, report } from './report.ts'
import { headOf, unreadBody } from './response-facts.ts'
import { readThrough } from './tee.ts'
import { whenCollected } from './when-collected.ts'

/** A `fetch`, as SDKs take one. */
export type Fetch = (...args: FetchArgs) => Promise<Response>

/**
 * Options of `meteredFetch`. All but `fetch` and the limits are for calls outside any metered request; inside one, the
 * request's own count.
 */
export interface MeteredFetchOptions
  extends Pick<
    UsageOptions<[]>,
    | 'recorder'
    | 'identify'
    | 'fallbackUser'
    | 'endpoint'
    | 'waitUntil'
    | 'identifyTimeoutMs'
    | 'idleTimeoutMs'
    | 'maxEventBytes'
    | 'maxBodyBytes'
    | 'formats'
    | 'onError'
  > {
  /** What makes the calls. Default: the `fetch` that is global when `meteredFetch` is called. */
  fetch?: Fetch
}

/**
 * A `fetch` for any SDK, whose calls are metered: inside a metered request each is a line of that request, of evidence
 * `upstream`; outside one each is a request of its own. What the SDK sees is what `fetch` gives.
 *
 * @throws UsageError `bad-option` for a number that is none, or out of range
 */
export function meteredFetch(options: MeteredFetchOptions = {}): Fetch {
  const { fetch: send = globalThis.fetch, ...own } = options
  const open = callOpener(own)

  return async function meteredFetch(...args) {
    const call = open(args)
    if (call === null) return send(...args)
    const response = await answerOf(call, () => send(...args))
    return deliver(call, args, response)
  }
}

async function answerOf(call: FetchCall, send: () => Promise<Response>): Promise<Response> {
  try {
    return await call.run(send)
  } catch (error) {
    call.threw()
    throw error
  }
}

/** The same response where nothing can be learned from its body, else one whose body is read through the call. */
function deliver(call: FetchCall, args: FetchArgs, response: Response): Response {
  try {
    if (call instanceof MeteredCall && isMetered(response)) {
      call.isElsewhere()
      return response
    }
    if (!call.answer(headOf(response))) return response
    if (unreadBody(response)) return observed(call, signalOf(args), response)
  } catch (error) {
    call.troubled('wrapping an upstream response', error)
  }
  call.end('complete')
  return response
}

function observed(call: FetchCall, signal: AbortSignal | null, response: Response): Response {
  let heardAt = performance.now()
  const aborted = (): void => end('cancelled')
  const end: FetchCall['end'] = (ending, at) => {
    signal?.removeEventListener('abort', aborted)
    call.end(ending, at)
  }
  const { stream } = readThrough(lazyBody(response), {
    asked: () => call.asked(),
    chunk(bytes) {
      heardAt = performance.now()
      call.chunk(bytes)
    },
    run: (read) => read(),
    end: (how) => end(how === 'failed' && signal?.aborted ? 'cancelled' : how),
  })
  if (call instanceof MeteredCall) setMeterOfBody(stream, () => call.asMeter())
  const wrapped = rewrapFetched(response, stream)
  signal?.addEventListener('abort', aborted, { once: true })
  whenCollected(stream, () => end('cancelled', heardAt))
  return wrapped
}

/** `null`: nobody meters the call. */
function callOpener(own: Omit<MeteredFetchOptions, 'fetch'>): (args: FetchArgs) => FetchCall | null {
  checkOptions(own)
  const resolveOptions = optionsResolver<[]>(own)

  return function open(args) {
    const usage = currentUsage()
    if (usage && isSilent(usage)) return null
    const options = resolveOptions()
    try {
      const request = outgoingRequest(args)
      if (usage?.open) {
        const call = new MeteredCall(request, options, modelQuestion(args))
        usage.follow(call)
        return call
      }
      const { recorder } = options
      return recorder && new Exchange({ request, readFrom: 'upstream', ...alone(own, { ...options, recorder }, args) })
    } catch (error) {
      report(options.onError, internalError('opening an upstream call', error))
      return null
    }
  }
}

type Alone = ConstructorParameters<typeof Exchange>[0]

/**
 * A call outside any request. What the process is configured to ask of its own requests is not asked of this one: who
 * made it is not in its headers.
 */
function alone(
  { identify, endpoint, waitUntil }: MeteredFetchOptions,
  options: Alone['options'],
  args: FetchArgs,
): Pick<Alone, 'options' | 'questions'> {
  return {
    options: { ...options, endpoint },
    questions: {
      requestedModel: modelQuestion(args),
      ...(identify && { identify: () => identify() }),
      ...(waitUntil && { waitUntil: (acknowledged: Promise<void>) => waitUntil(acknowledged) }),
    },
  }
}
