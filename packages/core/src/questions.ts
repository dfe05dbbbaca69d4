import type { ResolvedOptions } from './configuration.ts'
import type { Identify } from './identity-question.ts'
import { platformAmong } from './platform.ts'

/** What the exchange asks its handler's surroundings, with the handler's arguments bound. All but `identify` for adapters. */
export interface Questions {
  /** Asked once, after the handler has answered. */
  identify?: Identify | undefined
  /** The pattern of the matched route. */
  route?: (() => unknown) | undefined
  /** The model that the request asks for. */
  requestedModel?: (() => unknown) | undefined
  /** Keeps the platform alive. */
  waitUntil?: ((acknowledged: Promise<void>) => unknown) | undefined
}

/** Binds the questions of the options to the arguments of one request. */
export function questionsOf(options: ResolvedOptions, args: readonly unknown[]): Questions {
  const { identify, route, requestedModel } = options
  const waitUntil = options.waitUntil ?? (args.length > 1 ? askPlatform : undefined)
  const all = args as never[]
  return {
    identify: identify && (() => identify(...all)),
    route: route && (() => route(...all)),
    requestedModel: requestedModel && (() => requestedModel(...all)),
    waitUntil: waitUntil && ((acknowledged) => waitUntil(acknowledged, ...all)),
  }
}

/** By what the platform itself has given the handler. */
function askPlatform(acknowledged: Promise<void>, ...args: unknown[]): unknown {
  return platformAmong(args)?.waitUntil(acknowledged)
}
