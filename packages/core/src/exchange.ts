import { type Span, trace } from '@opentelemetry/api'
import { bodyMeter, leftToDecode } from './body-meter.ts'
import type { ResolvedOptions } from './configuration.ts'
import { type Claim, claimOf, isEventStream, mayHoldUsage } from './content-type.ts'
import type { UsageHandle } from './context.ts'
import type { Drain } from './drain.ts'
import { endpointOf } from './endpoint.ts'
import { UsageError } from './errors.ts'
import { createHandle, hasEvidence } from './handle.ts'
import { type IdentityAnswer, IdentityQuestion } from './identity-question.ts'
import { IdleWatch } from './idle-watch.ts'
import { uuidv7 } from './ids.ts'
import { unreadableReading } from './meter/create-meter.ts'
import { bindsToRequests } from './platform.ts'
import { processState, type Resume, resumer } from './process.ts'
import type { Questions } from './questions.ts'
import type { Recorder } from './recorder.ts'
import { hush, internalError, report } from './report.ts'
import { factsOf } from './request-facts.ts'
import { modelInPath } from './requested-model.ts'
import { buildRecords, type Observed } from './settlement.ts'
import { isEvidence } from './stamp.ts'
import { annotateSpan } from './telemetry.ts'
import type { Ticket } from './ticket.ts'
import { within } from './timers.ts'
import type { Meter, Reading } from './types.ts'
import { usageOf } from './upstream.ts'
import { cannotInfer, type Ending, verdictOn } from './verdict.ts'

/** A request, as far as metering needs it. What it does not say, or throws at, is not known. */
export interface ExchangeRequest {
  /** `'POST'`. */
  method: string
  /** URL or path. */
  url: string
  /** Of the request; names are asked in lower case. `null` for one that is not there. */
  headers: { get(name: string): string | null }
}

/** The head of a response. */
export interface ExchangeResponse {
  /** HTTP status. */
  status: number
  /** As they go out. */
  headers: Headers
  /** `false` for a `null` body and for upgrades. Asked once, and only when all else says that the body is worth reading. */
  readonly hasBody: boolean
  /** Of a body that a call inside the request reads already: that reading. Asked like `hasBody`. */
  readonly readAs?: Meter | null
}

/** Options of a handler whose requests are recorded. */
export type RecordingOptions = ResolvedOptions & { recorder: Recorder }

export interface ExchangeOptions {
  request: ExchangeRequest
  options: RecordingOptions
  questions?: Questions
  /** Whose response it is: that of the handler, or of a provider. Default `'body'`. */
  readFrom?: 'body' | 'upstream'
}

/** How long a compressed body that has ended may take to be decoded. */
const DECODING_MS = 10_000

/**
 * One request's life: open, answered, observed, settled once. It neither reads nor writes a body: `withUsage` shows it
 * the chunks that a client pulls, and an adapter of a push-style framework those that the framework writes. No method
 * but those of its handle throws.
 *
 * open ─ answer() ─► observing ─ end() ─► settled ─ body decoded, identity known ─► concluded
 */
export class Exchange {
  readonly handle: UsageHandle
  readonly #options: RecordingOptions
  readonly #questions: Questions
  readonly #identity = new IdentityQuestion()
  readonly #ticket: Ticket
  readonly #seen: Observed
  readonly #span: Span | undefined
  readonly #storage = processState().storage
  readonly #startedAt = performance.now()
  #resume: Resume | undefined
  #meter: Meter | null = null
  #answered = false
  #settled = false
  #left = false
  #concluded = false
  #idleWatch: IdleWatch | undefined
  #drain: Drain | null = null

  constructor({ request, options, questions = {}, readFrom = 'body' }: ExchangeOptions) {
    const { method, path, headers } = factsOf(request)
    const createdAt = new Date()
    this.#options = options
    this.#questions = questions
    this.#span = trace.getActiveSpan()
    const spanContext = this.#guarded('the span', null, () => this.#span?.spanContext() ?? null)
    this.#ticket = options.recorder.open({
      endpoint: endpointOf(path, options.endpoint),
      startedAt: createdAt,
      settle: () => this.#settleNow(),
    })
    this.#seen = {
      requestId: uuidv7(createdAt.getTime()),
      createdAt,
      method,
      path,
      requestHeaders: headers,
      responseHeaders: null,
      requestedModel: modelInPath(path),
      spanContext,
      status: 0,
      threw: false,
      bodyless: false,
      streamed: false,
      ending: 'complete',
      durationMs: 0,
      timeToFirstByteMs: null,
      reading: null,
      stamp: null,
      readFrom,
      upstream: [],
      added: [],
      calls: [],
      identity: undefined,
    }
    this.handle = this.#createHandle()
    // There a client that leaves may take the handler along, and nobody is told.
    if (bindsToRequests()) this.#watch('cancelled')
  }

  /** Runs something inside the request's async context. */
  run<T>(work: () => T): T {
    return this.#storage.run(this.handle, work)
  }

  /** Runs a read of the handler's body inside the request's async context. It stays that of the first one. */
  read<T>(read: () => T): T {
    this.#resume ??= this.run(resumer) ?? ((again) => this.run(again))
    return this.#resume(read)
  }

  /**
   * The handler has answered. Returns whether the body must be observed and `end` called; otherwise nothing more can be
   * learned from the response, it is settled, and belongs to the client untouched.
   */
  answer(response: ExchangeResponse): boolean {
    if (this.#answered || this.#settled) return false
    this.#answered = true
    this.#askFramework()
    const observe = this.#guarded('reading the response head', false, () => this.#take(response))
    if (!observe) this.end('complete')
    return observe
  }

  /**
   * The client has left before the handler answered. What that says by the time it answers counts, as `cancelled`; one
   * that never answers has until `idleTimeoutMs`.
   */
  left(): void {
    if (this.#answered || this.#settled) return
    this.#left = true
    this.#watch('cancelled')
  }

  /**
   * The client has left in the middle of the body. What says how long that may go on without it, by `onDisconnect`; `null`:
   * it may not.
   */
  drain(): Drain | null {
    const { onDisconnect, recorder } = this.#options
    if (onDisconnect === null || this.#settled || this.#drain) return null
    this.#drain = this.#guarded('beginning a drain', null, () => recorder.drain(onDisconnect))
    if (this.#drain) this.#watch('cancelled')
    return this.#drain
  }

  /** The handler itself threw. What it threw belongs to the caller. */
  threw(): void {
    if (this.#settled) return
    this.#seen.threw = true
    this.#askFramework()
    if (this.#mayHaveUsage()) this.#askIdentity()
    this.end('failed')
  }

  /** The client asked for a chunk. */
  asked(): void {
    this.#idleWatch?.active()
  }

  /** A chunk is on its way to the client; `null` for one without bytes, after which nothing of the body is believed. */
  chunk(bytes: Uint8Array | null): void {
    if (this.#settled) return
    this.#idleWatch?.active()
    if (this.#seen.timeToFirstByteMs === null && bytes?.length !== 0)
      this.#seen.timeToFirstByteMs = performance.now() - this.#startedAt
    if (this.#meter === null) return
    try {
      if (bytes) this.#meter.write(bytes)
      else this.#giveUpReading()
    } catch (error) {
      this.#giveUpReading()
      this.#report(internalError('the meter', error))
    }
  }

  /**
   * Settles the request. The first call wins, whatever it says; nothing is complete to a client that left before it.
   *
   * @param at when it ended, by `performance.now()`, where that was noticed later
   */
  end(ending: Ending, at = performance.now()): void {
    if (this.#settled) return
    this.#settled = true
    this.#idleWatch?.stop()
    this.#drain?.end('settled')
    this.#seen.ending = ending === 'complete' && this.#left ? 'cancelled' : ending
    this.#seen.durationMs = at - this.#startedAt
    const decoding = this.#guarded('decoding', null, () => this.#finishDecoding())
    if (decoding) void within(DECODING_MS, decoding).then(() => this.#read())
    else this.#read()
  }

  /** Something of the adapter's own went wrong. It is reported, and the response goes on. */
  troubled(what: string, cause: unknown): void {
    this.#report(internalError(what, cause))
  }

  /** Resolves when the store has acknowledged what became of this request, or has failed for good: for `waitUntil`. */
  acknowledged(): Promise<void> {
    return this.#ticket.acknowledged()
  }

  /** Returns whether the body is worth observing. */
  #take(response: ExchangeResponse): boolean {
    const { status, headers } = response
    this.#seen.status = status
    this.#seen.responseHeaders = headers
    const claim = claimOf(headers)
    this.#seen.streamed = isEventStream(claim)
    const observe = !this.#nothingToLearn(response, claim)
    if (observe) this.#observe(response, claim)
    if (observe || this.#mayHaveUsage()) this.#askIdentity()
    return observe
  }

  #nothingToLearn(response: ExchangeResponse, claim: Claim): boolean {
    const { status } = response
    if (status >= 300 || cannotInfer(this.#seen.method, status)) return true
    if (isEvidence(this.#seen.stamp) && claim === 'json') return true
    this.#seen.bodyless = !response.hasBody
    return this.#seen.bodyless
  }

  #observe({ status, headers, readAs }: ExchangeResponse, claim: Claim): void {
    if (mayHoldUsage(claim)) this.#meter = readAs ?? this.#meterOf(status, headers)
    this.#watch('idle_timeout')
  }

  #watch(ending: Ending): void {
    this.#idleWatch?.stop()
    this.#idleWatch = new IdleWatch(this.#options.idleTimeoutMs, () => this.end(ending))
  }

  #meterOf(status: number, headers: Headers): Meter {
    const { path, method, stamp } = this.#seen
    const requestedModel = stamp?.requestedModel ?? this.#seen.requestedModel
    return bodyMeter({ url: path, method, status, headers, requestedModel }, this.#options)
  }

  #giveUpReading(): void {
    const { streamed } = this.#seen
    this.#endReading()
    this.#meter = { write() {}, end: () => unreadableReading(streamed) }
  }

  /** What is left to decode when the body has ended, and of calls inside the request; `null` when that is nothing. */
  #finishDecoding(): Promise<unknown> | null {
    const own = leftToDecode(this.#meter)
    const { calls } = this.#seen
    if (calls.length === 0) return own
    const all = [own, ...calls.map((call) => call.finish(() => this.#late('the usage of a call that it made')))].filter(
      (decoding) => decoding !== null,
    )
    return all.length > 0 ? Promise.all(all) : null
  }

  #mayHaveUsage(): boolean {
    return hasEvidence(this.#seen) || this.#seen.calls.length > 0
  }

  /** The body has been read as far as it ever will be. */
  #read(): void {
    if (this.#concluded) return
    this.#seen.reading = this.#guarded('the meter', null, () => this.#endReading())
    if (this.#seen.identity !== undefined) this.#conclude()
    else this.#identity.whenAnswered(() => this.#conclude())
  }

  #endReading(): Reading | null {
    const meter = this.#meter
    this.#meter = null
    return meter?.end() ?? null
  }

  /** What only the framework knows, and knows by now. */
  #askFramework(): void {
    const { route, requestedModel, waitUntil } = this.#questions
    const ask = <T>(what: string, question: () => T): T | undefined => this.#guarded(what, undefined, question)
    if (route) this.#nameRoute(ask('asking for the route', route))
    if (requestedModel) this.#nameModel(ask('asking for the requested model', requestedModel))
    if (waitUntil) ask('waitUntil', () => hush(waitUntil(this.acknowledged())))
  }

  /** The `endpoint` option wins; a wildcard names no route. */
  #nameRoute(pattern: unknown): void {
    hush(pattern)
    if (typeof pattern !== 'string' || this.#options.endpoint !== undefined || pattern.includes('*')) return
    this.#ticket.endpoint = endpointOf(this.#seen.path, pattern)
  }

  #nameModel(model: unknown): void {
    if (typeof model === 'string' && model !== '') this.#seen.requestedModel = model
  }

  #askIdentity(): void {
    const { identify } = this.#questions
    if (!identify || this.#seen.identity !== undefined) return
    this.#identity.ask(
      () => this.run(identify),
      this.#options.identifyTimeoutMs,
      (cause) => {
        const message = '[withusage] identify() failed; the fallback user is used, if there is one'
        this.#report(new UsageError('identify-failed', message, { cause }))
      },
    )
  }

  /** The recorder closes: ends what is open, and waits for no one. */
  #settleNow(): void {
    if (!this.#answered && !this.#settled) this.#askIdentity()
    this.end('cancelled')
    this.#seen.reading ??= this.#guarded('the meter', null, () => this.#endReading())
    this.#conclude()
  }

  #conclude(): void {
    if (this.#concluded) return
    this.#concluded = true
    this.#guarded('recording', undefined, () => {
      this.#seen.upstream = usageOf(this.#seen.calls)
      const stamped = hasEvidence(this.#seen) || this.#seen.upstream.length > 0
      const verdict = verdictOn({ ...this.#seen, answered: this.#answered, stamped })
      if (verdict.account === 'ignored') this.#ticket.ignored(verdict.reason)
      else if (verdict.account === 'unrecorded') this.#ticket.unrecorded(verdict.reason)
      else this.#record(verdict.bodyCounts)
    })
    // A record that could not be made is still a request: the first use of the ticket wins.
    this.#ticket.unrecorded('record_failed')
  }

  #record(bodyCounts: boolean): void {
    const { recorder, fallbackUser } = this.#options
    const { reading } = this.#seen
    if (reading && !bodyCounts) this.#seen.reading = { ...reading, lines: [], replay: null }
    const records = buildRecords(this.#seen, {
      endpoint: this.#ticket.endpoint,
      identity: this.#identityOf(),
      fallbackUser,
      onCut: () => recorder.dropped('value_cut'),
    })
    const first = records?.[0]
    if (!records || !first) {
      this.#ticket.unrecorded('no_user')
      return
    }
    this.#ticket.record(records)
    this.#guarded('the span', undefined, () => annotateSpan(this.#span, first))
  }

  #identityOf(): IdentityAnswer {
    const said = this.#seen.identity
    const identity = said === undefined ? this.#identity.answer : said
    if (identity && typeof identity.user?.id !== 'string')
      this.#report(
        new UsageError(
          'identify-failed',
          '[withusage] an identity has no user.id that is a string; the fallback user pays',
        ),
      )
    return identity
  }

  #createHandle(): UsageHandle {
    const { recorder } = this.#options
    return createHandle(this.#seen, {
      isOpen: () => !this.#settled,
      onLate: () => this.#late('a stamp'),
      onLimit: (limit) => {
        recorder.dropped('line')
        this.#report(
          new UsageError('limit', `[withusage] a request added more than ${limit} lines; the rest is dropped`),
        )
      },
    })
  }

  #late(what: string): void {
    this.#options.recorder.dropped('stamp_settled')
    const message = `[withusage] ${what} came after its request was settled and changed nothing; it must come before the body ends`
    this.#report(new UsageError('stamp-outside-request', message))
  }

  #report(error: UsageError): void {
    report(this.#options.onError, error)
  }

  /** Metering must never break a response: what it throws is reported, and `otherwise` is the answer. */
  #guarded<T>(what: string, otherwise: T, work: () => T): T {
    try {
      return work()
    } catch (error) {
      this.#report(internalError(what, error))
      return otherwise
    }
  }
}
