import type { Reading, UpstreamCall, UpstreamUsage } from '@withusage/core'
import { readStreamed } from './reading.ts'
import type { Part } from './sdk.ts'

/** Which call has given a result, or a stream. Of a model that is wrapped twice both calls give the same. */
const givers = new WeakMap<object, ModelCall>()

/** One call of a model: the request that makes it asks it what it used. No method throws. */
export class ModelCall implements UpstreamCall {
  readonly layer = 'ai-sdk'
  readonly below: UpstreamCall[] = []
  readonly #requestedModel: string
  #head: Part | null = null
  #reading: Reading | null = null
  #isBelow = false
  /** Set when the request was settled before the model had answered. */
  #onLate: (() => void) | null = null

  constructor(requestedModel: string) {
    this.#requestedModel = requestedModel
  }

  /** The SDK knows by now what the call used. */
  get isHeard(): boolean {
    return this.#reading !== null
  }

  /** The model has answered. What a result that is none makes `read` throw is not known, as its usage. */
  answered<R>(result: R, read: (result: R, requestedModel: string) => Reading | null): void {
    this.#hearFrom((requested) => read(result, requested))
    if (typeof result === 'object' && result !== null) this.passesOn(result, result)
  }

  /** What the model has given, and what its caller gets for it. What a call below has given already is that call. */
  passesOn(given: object, passedOn: object): void {
    const giver = givers.get(given)
    this.#isBelow = giver !== undefined && this.below.includes(giver)
    givers.set(passedOn, this)
  }

  /** A part of the model's stream. */
  part(part: Part): void {
    if (part?.type === 'response-metadata') this.#head = part
    else if (part?.type === 'finish') this.#hearFrom((requested) => readStreamed(this.#head, part, requested))
  }

  finish(onLate: () => void): null {
    if (this.#reading === null) this.#onLate = onLate
    return null
  }

  used(): UpstreamUsage | null {
    const reading = this.#isBelow ? null : this.#reading
    return reading && { reading, complete: !reading.interrupted, requestedModel: this.#requestedModel }
  }

  #hearFrom(read: (requestedModel: string) => Reading | null): void {
    try {
      this.#hear(read(this.#requestedModel))
    } catch {
      this.#reading = null
    }
  }

  /** What a layer below has seen it tells itself, also when it comes too late. */
  #hear(reading: Reading | null): void {
    if (this.#onLate === null) this.#reading = reading
    else if (reading !== null && this.below.length === 0) this.#onLate()
    this.#onLate = null
  }
}
