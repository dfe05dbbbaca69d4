import { bodyMeter, leftToDecode } from './body-meter.ts'
import type { ResolvedOptions } from './configuration.ts'
import { claimOf, isEventStream, mayHoldUsage } from './content-type.ts'
import { endpointOf } from './endpoint.ts'
import type { ExchangeRequest, ExchangeResponse } from './exchange.ts'
import { unreadableReading } from './meter/create-meter.ts'
import type { OpenExchange } from './open-exchange.ts'
import { internalError, report } from './report.ts'
import { factsOf } from './request-facts.ts'
import type { Meter, Reading } from './types.ts'
import type { UpstreamCall, UpstreamUsage } from './upstream.ts'
import { cannotInfer, type Ending, verdictOn } from './verdict.ts'

/** One call of a provider, as `meteredFetch` drives it: an exchange of its own, or a part of the request that makes it. */
export type FetchCall = Pick<OpenExchange, 'run' | 'answer' | 'threw' | 'asked' | 'chunk' | 'troubled'> & {
  /** @param at when it ended, by `performance.now()`; default now */
  end(ending: Ending, at?: number): void
}

/** A call that is part of a metered request: the request asks it what it used. No method throws. */
export class MeteredCall implements FetchCall, UpstreamCall {
  readonly layer = 'fetch'
  readonly #options: ResolvedOptions
  readonly #method: string
  readonly #path: string
  #askedFor: (() => string | null) | null
  #requestedModel: string | null = null
  #status = 0
  #streamed = false
  #answered = false
  #threw = false
  #elsewhere = false
  #ending: Ending | null = null
  #meter: Meter | null = null
  #reading: Reading | null = null
  #decoding: Promise<void> | null = null
  /** Set when the request was settled while the call went on. */
  #onLate: (() => void) | null = null

  /** @param askedFor the model that the call asks for; asked once, when the answer is worth reading */
  constructor(request: ExchangeRequest, options: ResolvedOptions, askedFor: () => string | null) {
    const { method, path } = factsOf(request)
    this.#options = options
    this.#method = method
    this.#path = path
    this.#askedFor = askedFor
  }

  run<T>(work: () => T): T {
    return work()
  }

  answer(response: ExchangeResponse): boolean {
    if (this.#ending !== null) {
      if (response.status < 300) this.#beLate()
      return false
    }
    const observe = this.#guarded('reading the head of an upstream response', false, () => this.#take(response))
    if (!observe) this.end('complete')
    return observe
  }

  threw(): void {
    this.#threw = true
    this.end('failed')
  }

  /** Another layer of the same kind, further in, meters this call. */
  isElsewhere(): void {
    this.#elsewhere = true
    this.end('complete')
  }

  /** For whoever passes the body on: what has been read of it, instead of a second reading; `null` when it has ended. */
  asMeter(): Meter | null {
    if (this.#ending !== null) return null
    return { write() {}, end: () => this.#readingSoFar() }
  }

  asked(): void {}

  chunk(bytes: Uint8Array | null): void {
    if (this.#ending !== null || this.#meter === null) return
    try {
      if (bytes) this.#meter.write(bytes)
      else this.#giveUpReading()
    } catch (error) {
      this.#giveUpReading()
      this.troubled('the meter', error)
    }
  }

  end(ending: Ending): void {
    if (this.#ending !== null) {
      if (ending === 'complete') this.#beLate()
      return
    }
    this.#ending = ending
    this.#askedFor = null
    this.#decoding = this.#guarded('decoding', null, () => leftToDecode(this.#meter))
    if (this.#decoding)
      this.#decoding.then(
        () => this.#read(),
        () => this.#read(),
      )
    else this.#read()
  }

  troubled(what: string, cause: unknown): void {
    report(this.#options.onError, internalError(what, cause))
  }

  finish(onLate: () => void): Promise<void> | null {
    if (this.#ending === null) this.#onLate = onLate
    this.end('cancelled')
    return this.#meter === null ? null : this.#decoding
  }

  used(): UpstreamUsage | null {
    const reading = this.#readingSoFar()
    if (this.#elsewhere || !this.#counts(reading)) return null
    if (reading.lines.length > 0 && reading.lines.every(({ final }) => final)) this.#onLate = null
    return { reading, complete: this.#ending === 'complete', requestedModel: this.#requestedModel }
  }

  #beLate(): void {
    this.#onLate?.()
    this.#onLate = null
  }

  /** Somebody pays for what was read, or it is not known what was used by a call that is known to infer. */
  #counts(reading: Reading): boolean {
    const { account } = verdictOn({
      method: this.#method,
      path: this.#path,
      answered: this.#answered,
      status: this.#status,
      threw: this.#threw,
      bodyless: false,
      ending: this.#ending ?? 'cancelled',
      reading,
      stamped: false,
    })
    if (account === 'unrecorded') return reading.format !== null || endpointOf(this.#path, undefined) !== 'other'
    return account === 'recorded'
  }

  #take({ status, headers, hasBody }: ExchangeResponse): boolean {
    this.#answered = true
    this.#status = status
    const claim = claimOf(headers)
    this.#streamed = isEventStream(claim)
    if (status >= 300 || cannotInfer(this.#method, status)) return false
    const requestedModel = this.#guarded('reading the requested model', null, () => this.#askedFor?.() ?? null)
    this.#requestedModel = requestedModel
    if (!mayHoldUsage(claim) || !hasBody) return false
    this.#meter = bodyMeter({ url: this.#path, method: this.#method, status, headers, requestedModel }, this.#options)
    return true
  }

  #giveUpReading(): void {
    this.#meter = null
    this.#reading = unreadableReading(this.#streamed)
  }

  /** Of a body that is being decoded still, what is known by now. */
  #read(): void {
    const meter = this.#meter
    this.#meter = null
    if (meter) this.#reading = this.#guarded('the meter', null, () => meter.end())
  }

  #readingSoFar(): Reading {
    this.#read()
    this.#reading ??= unreadableReading(this.#streamed, 'no_usage')
    return this.#reading
  }

  #guarded<T>(what: string, otherwise: T, work: () => T): T {
    try {
      return work()
    } catch (error) {
      this.troubled(what, error)
      return otherwise
    }
  }
}
