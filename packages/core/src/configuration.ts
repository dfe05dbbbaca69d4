import { checkOnDisconnect, type DrainBounds, drainBounds, type OnDisconnect } from './drain.ts'
import { UsageError } from './errors.ts'
import type { Format } from './formats/format.ts'
import { localUser } from './identity.ts'
import { checkWholeNumber } from './options.ts'
import { processState } from './process.ts'
import { createRecorder, type Recorder } from './recorder.ts'
import { type OnError, report } from './report.ts'
import { memoryStore } from './stores/memory.ts'
import { MAX_TIMER_MS } from './timers.ts'
import type { FallbackUser, Identity } from './types.ts'

/** What `identify` may answer; nothing is no one. */
type Answer = Identity | null | undefined

/** Options of `withUsage`; every one may also be set for the whole process with `configureUsage`. */
export interface UsageOptions<Args extends readonly unknown[] = readonly [Request, ...unknown[]]> {
  /**
   * Where records go. `null`: nothing is metered and the handler's response comes back untouched. Default: one
   * recorder for the process, over the memory store.
   */
  recorder?: Recorder | null
  /**
   * Who made the request. Called once, with the handler's own arguments, after the handler has returned, and beside the
   * response: only what it does before its first `await` comes before the response's head. When it throws, gives `null`
   * or takes longer than `identifyTimeoutMs`, `fallbackUser` is used.
   */
  identify?: (...args: Args) => Answer | Promise<Answer>
  /** Pays when `identify` names no one. Default: `localUser()` when there is no `identify`, else none (`no_user`). */
  fallbackUser?: FallbackUser | null
  /** The route that this handler serves, as records and labels name it. Default: a known API route, else `'other'`. */
  endpoint?: string
  /**
   * For adapters: the framework's pattern of the matched route, asked after the handler has returned. Wildcard patterns
   * name no route. `endpoint` wins.
   */
  route?: (...args: Args) => string | undefined
  /**
   * For adapters: the model that the request asks for, as far as the framework has read the request. Asked after the
   * handler has returned. A stamp wins; without an answer, the URL's word holds.
   */
  requestedModel?: (...args: Args) => string | null | undefined
  /**
   * For platforms that stop when the response has ended: given, before the response is returned, a promise that resolves
   * when the store has acknowledged the request. Default: the `waitUntil` of the first further argument that has one, as
   * a Worker's `ctx` has.
   */
  waitUntil?: (acknowledged: Promise<void>, ...args: Args) => void
  /** Default 10,000. */
  identifyTimeoutMs?: number
  /** Settles a response of which no chunk was asked for or delivered this long, or up to an eighth longer. Default 600,000 (ten minutes). */
  idleTimeoutMs?: number
  /**
   * What becomes of the handler's body when its client leaves. `'cancel'`, the default, cancels it at once: nothing more is
   * paid for, and what is known by then is recorded. `'drain'` reads it on without the client, to learn the provider's final
   * count: 60 seconds, 8 MiB, and 100 bodies of the recorder at a time, or the bounds that are given; past one it is
   * cancelled. The record says `outcome: 'cancelled'` either way. A handler that gives `request.signal` to its own calls ends
   * them itself.
   */
  onDisconnect?: OnDisconnect
  /** Longest event that the meter reads, in bytes. Default 8 MiB. */
  maxEventBytes?: number
  /** Most that the meter holds of a JSON document, in bytes: past 8 KiB, long texts and rows of numbers do not count. Default 8 MiB. */
  maxBodyBytes?: number
  /** Formats of your own, asked before the built-in ones. */
  formats?: readonly Format[]
  /** Told of everything that metering could not do. Default: one warning per error code and minute on the console. */
  onError?: OnError
}

/** Configuration of the process: the options of every handler that does not set its own. */
export interface UsageConfiguration extends UsageOptions {}

/** Options with their defaults. */
export interface ResolvedOptions {
  recorder: Recorder | null
  identify: ((...args: never[]) => Answer | Promise<Answer>) | undefined
  fallbackUser: FallbackUser | null
  endpoint: string | undefined
  route: ((...args: never[]) => string | undefined) | undefined
  requestedModel: ((...args: never[]) => string | null | undefined) | undefined
  waitUntil: ((acknowledged: Promise<void>, ...args: never[]) => void) | undefined
  identifyTimeoutMs: number
  idleTimeoutMs: number
  /** `null`: the body of a client that has left is cancelled. */
  onDisconnect: DrainBounds | null
  maxEventBytes: number | undefined
  maxBodyBytes: number | undefined
  formats: readonly Format[] | undefined
  onError: OnError | undefined
}

/**
 * Configures every handler of this process, also those of another copy of core (Next.js: call it in
 * `instrumentation.ts`). A second call replaces the configuration for requests that begin afterwards and warns, unless
 * it is the same object.
 *
 * @throws UsageError `bad-option` for a number that is none, or out of range, and for an `onDisconnect` that is none
 */
export function configureUsage(configuration: UsageConfiguration): void {
  checkOptions(configuration)
  const state = processState()
  if (state.configuration === configuration) return
  const replaced = state.configuration !== null
  state.configuration = configuration
  if (!replaced) return
  report(
    configuration.onError,
    new UsageError(
      'configured-twice',
      '[withusage] configureUsage() was called again with another configuration; it holds for requests that begin now.',
    ),
  )
}

/** @throws UsageError `bad-option` */
export function checkOptions(
  options: Pick<
    UsageOptions,
    'identifyTimeoutMs' | 'idleTimeoutMs' | 'onDisconnect' | 'maxEventBytes' | 'maxBodyBytes'
  >,
): void {
  checkWholeNumber('identifyTimeoutMs', options.identifyTimeoutMs, 0, MAX_TIMER_MS)
  checkWholeNumber('idleTimeoutMs', options.idleTimeoutMs, 1)
  checkOnDisconnect(options.onDisconnect)
  checkWholeNumber('maxEventBytes', options.maxEventBytes, 1)
  checkWholeNumber('maxBodyBytes', options.maxBodyBytes, 1)
}

/** A handler's options over the process's configuration over the defaults, worked out once per configuration. */
export function optionsResolver<Args extends readonly unknown[]>(own: UsageOptions<Args>): () => ResolvedOptions {
  let resolved: ResolvedOptions | undefined
  let resolvedFor: UsageConfiguration | null = null
  return () => {
    const { configuration } = processState()
    if (resolved === undefined || resolvedFor !== configuration) {
      resolved = resolve(own as unknown as UsageOptions, configuration ?? {})
      resolvedFor = configuration
    }
    return resolved
  }
}

function resolve(own: UsageOptions, shared: UsageConfiguration): ResolvedOptions {
  const pick = <Key extends keyof UsageOptions>(key: Key): UsageOptions[Key] => own[key] ?? shared[key]
  const identify = pick('identify')
  const recorder = own.recorder !== undefined ? own.recorder : shared.recorder
  const fallbackUser = own.fallbackUser !== undefined ? own.fallbackUser : shared.fallbackUser
  return {
    recorder: recorder === undefined ? defaultRecorder() : recorder,
    identify,
    fallbackUser: fallbackUser === undefined ? (identify ? null : localUser()) : fallbackUser,
    endpoint: pick('endpoint'),
    route: pick('route'),
    requestedModel: pick('requestedModel'),
    waitUntil: pick('waitUntil'),
    identifyTimeoutMs: pick('identifyTimeoutMs') ?? 10_000,
    idleTimeoutMs: pick('idleTimeoutMs') ?? 600_000,
    onDisconnect: drainBounds(pick('onDisconnect')),
    maxEventBytes: pick('maxEventBytes'),
    maxBodyBytes: pick('maxBodyBytes'),
    formats: pick('formats'),
    onError: pick('onError'),
  }
}

/** The recorder of a process that configured none. */
function defaultRecorder(): Recorder {
  const state = processState()
  state.defaultRecorder ??= createRecorder({
    store: memoryStore(),
    onError: (error) => report(processState().configuration?.onError, error),
  })
  return state.defaultRecorder
}
