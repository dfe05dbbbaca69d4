import { localUser, type UsageOptions } from '@withusage/core'
import { exchangeOpener, type OpenExchange, type Opened, runCall } from '@withusage/core/adapter-kit'
import { ModelCall } from './model-call.ts'
import { passParts } from './pass-parts.ts'
import { readEmbedded, readGenerated } from './reading.ts'
import type { CallSettings, EmbedResult, GenerateResult, Model, Part, StreamResult } from './sdk.ts'

/**
 * Options of `usageMiddleware`, all for calls outside any metered request: with a `recorder` each of them is a request
 * of its own, without one it is not counted. What `configureUsage` says of requests is not asked of them.
 */
export interface UsageMiddlewareOptions
  extends Pick<
    UsageOptions<[]>,
    'identify' | 'endpoint' | 'waitUntil' | 'identifyTimeoutMs' | 'idleTimeoutMs' | 'onError'
  > {
  /** Where the records of calls outside any request go. Default `null`: they are not counted. */
  recorder?: UsageOptions['recorder']
  /** Pays when `identify` names no one. Default: `localUser()` when there is no `identify`, else none (`no_user`). */
  fallbackUser?: UsageOptions['fallbackUser']
}

/** Middleware for `wrapLanguageModel`, `wrapEmbeddingModel` and the language models of `wrapProvider`, of AI SDK 6 and 7. */
export interface UsageMiddleware {
  /** AI SDK 7 takes it as it takes its own `'v4'`. */
  readonly specificationVersion: 'v3'
  /** A model that answers at once. Its result is passed on as it is. */
  wrapGenerate<R extends GenerateResult>(call: { doGenerate: () => PromiseLike<R>; model: Model }): Promise<R>
  /** A model that streams. Its parts are passed on as they are, one for each that is asked for. */
  wrapStream<R extends StreamResult>(call: {
    doStream: () => PromiseLike<R>
    params: CallSettings
    model: Model
  }): Promise<R>
  /** A model that embeds. Its result is passed on as it is. */
  wrapEmbed<R extends EmbedResult>(call: { doEmbed: () => PromiseLike<R>; model: Model }): Promise<R>
}

/**
 * Meters the calls of models by what the AI SDK itself says that they used: inside a metered request each call is a
 * line of that request, of evidence `upstream`, and so is each step of an agent. With `meteredFetch` below the provider
 * a call is still one line.
 *
 * @example wrapLanguageModel({ model: openai('gpt-4o-mini'), middleware: usageMiddleware() })
 * @throws UsageError `bad-option` for a number that is none, or out of range
 */
export function usageMiddleware(options: UsageMiddlewareOptions = {}): UsageMiddleware {
  const open = opener(options)

  return {
    specificationVersion: 'v3',

    async wrapGenerate({ doGenerate, model }) {
      return whole(open(model), model, doGenerate, readGenerated)
    },

    async wrapEmbed({ doEmbed, model }) {
      return whole(open(model), model, doEmbed, readEmbedded)
    },

    async wrapStream({ doStream, params, model }) {
      const { exchange, run } = open(model)
      const call = new ModelCall(model.modelId)
      const result = await answer(exchange, () => run(() => runCall(call, doStream)), STREAM)
      return { ...result, stream: observed(result.stream, call, exchange, params.abortSignal) }
    },
  }
}

type Read<R> = (result: R, requestedModel: string) => ReturnType<typeof readGenerated>

async function whole<R>({ exchange, run }: Opened, model: Model, ask: () => PromiseLike<R>, read: Read<R>): Promise<R> {
  const call = new ModelCall(model.modelId)
  const result = await answer(exchange, () => run(() => runCall(call, ask)), WHOLE)
  call.answered(result, read)
  exchange?.end('complete')
  return result
}

/** A model's answer in the words of HTTP, for a call that is a request of its own. */
const WHOLE = 'text/plain'
const STREAM = 'text/event-stream'
/** What goes by for each part of a stream: an event that says nothing. */
const EVENT = new TextEncoder().encode('data: {}\n\n')

async function answer<R>(exchange: OpenExchange | null, ask: () => PromiseLike<R>, contentType: string): Promise<R> {
  let result: R
  try {
    result = await ask()
  } catch (error) {
    exchange?.threw()
    throw error
  }
  exchange?.answer({ status: 200, headers: new Headers({ 'content-type': contentType }), hasBody: true })
  return result
}

function observed<P extends Part>(
  parts: ReadableStream<P>,
  call: ModelCall,
  exchange: OpenExchange | null,
  signal: AbortSignal | undefined,
): ReadableStream<P> {
  const end = (how: 'complete' | 'cancelled' | 'failed'): void => {
    signal?.removeEventListener('abort', leave)
    exchange?.end(call.isHeard ? 'complete' : signal?.aborted ? 'cancelled' : how)
  }
  const leave = (): void => end('cancelled')
  signal?.addEventListener('abort', leave, { once: true })
  const passed = passParts(parts, {
    asked: () => exchange?.asked(),
    part(part) {
      exchange?.chunk(EVENT)
      call.part(part)
    },
    end,
  })
  call.passesOn(parts, passed)
  return passed
}

const REQUEST = { method: 'POST', url: '', headers: { get: () => null } }

/** Inside a metered request that one goes on; outside any, one is opened where there is a recorder for it. */
function opener({
  recorder = null,
  identify,
  fallbackUser = identify ? null : localUser(),
  waitUntil,
  ...others
}: UsageMiddlewareOptions): (model: Model) => Opened {
  const open = exchangeOpener<[Model]>({
    ...others,
    recorder,
    identify: () => identify?.(),
    fallbackUser,
    route: () => undefined,
    requestedModel: ({ modelId }) => modelId,
    waitUntil: (acknowledged) => waitUntil?.(acknowledged),
  })
  return (model) => (recorder === null ? JUST_RUN : open(REQUEST, [model]))
}

const JUST_RUN: Opened = { exchange: null, run: (work) => work() }
