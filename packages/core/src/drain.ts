import { UsageError } from './errors.ts'
import { checkWholeNumber } from './options.ts'
import { MAX_TIMER_MS, nextTurn, unref, within } from './timers.ts'

/** How far bodies are read on without their clients. Past a bound the body is cancelled, and what is known by then counts. */
export interface DrainBounds {
  /** From the moment the client has left, in milliseconds. Default 60,000. */
  maxMs: number
  /** Bytes of one body that are read without its client, as the handler sends them. Default 8 MiB. */
  maxBytes: number
  /** Bodies of one recorder that are read at a time; one more is cancelled at once. Default 100. */
  maxConcurrent: number
}

/**
 * What becomes of the handler's body when its client leaves. `'cancel'`: it is cancelled at once. `'drain'`: it is read on
 * to learn the provider's final count, within the default bounds; an object sets bounds of its own.
 */
export type OnDisconnect = 'cancel' | 'drain' | { drain: Partial<DrainBounds> }

/** Every `DrainEnd`, in the order in which they are documented. */
export const DRAIN_ENDS = ['finished', 'broken', 'full', 'too_long', 'too_large', 'settled'] as const

/**
 * How a drain ended: the body was read to its end; it broke; the drain never began, as `maxConcurrent` were at work; past
 * `maxMs`; past `maxBytes`; or the request was settled otherwise, by `close()` of the recorder or as idle.
 */
export type DrainEnd = (typeof DRAIN_ENDS)[number]

const DEFAULTS: DrainBounds = { maxMs: 60_000, maxBytes: 8 * 1024 * 1024, maxConcurrent: 100 }

/** How long a body that is being cancelled may take to say its last. */
export const LAST_MOMENTS_MS = 1_000

/** A body whose chunks are all there already would keep everything else waiting. */
const CHUNKS_A_TURN = 16

/** The bounds of a policy that was checked; `null` for `'cancel'`. */
export function drainBounds(policy: OnDisconnect = 'cancel'): DrainBounds | null {
  if (policy === 'cancel') return null
  const own = policy === 'drain' ? {} : policy.drain
  return {
    maxMs: own.maxMs ?? DEFAULTS.maxMs,
    maxBytes: own.maxBytes ?? DEFAULTS.maxBytes,
    maxConcurrent: own.maxConcurrent ?? DEFAULTS.maxConcurrent,
  }
}

/** @throws UsageError `bad-option` */
export function checkOnDisconnect(policy: unknown): void {
  if (policy === undefined || policy === 'cancel' || policy === 'drain') return
  const drain = fieldsOf(policy, 'onDisconnect', ['drain']).drain
  const { maxMs, maxBytes, maxConcurrent } = fieldsOf(drain, 'onDisconnect.drain', Object.keys(DEFAULTS))
  checkWholeNumber('onDisconnect.drain.maxMs', maxMs, 1, MAX_TIMER_MS)
  checkWholeNumber('onDisconnect.drain.maxBytes', maxBytes, 1)
  checkWholeNumber('onDisconnect.drain.maxConcurrent', maxConcurrent, 1)
}

function fieldsOf(value: unknown, name: string, known: readonly string[]): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw badPolicy(name, String(value))
  const unknown = Object.keys(value).find((field) => !known.includes(field))
  if (unknown !== undefined) throw badPolicy(name, `a field ${JSON.stringify(unknown)}`)
  return value as Record<string, unknown>
}

function badPolicy(name: string, seen: string): UsageError {
  const expected = "'cancel', 'drain' or { drain: { maxMs?, maxBytes?, maxConcurrent? } }"
  return new UsageError('bad-option', `[withusage] onDisconnect must be ${expected}; got ${seen} in ${name}`)
}

/** One body that goes on without its client, and its bounds. It holds nothing of the body. No method throws. */
export interface Drain {
  /** `null` while it goes on. */
  readonly ended: DrainEnd | null
  /** Calls back once when the drain ends before the body: that is to be cancelled. */
  onCut(cut: () => void): void
  /** So many bytes of the body have come. */
  count(bytes: number): void
  /** The first end wins. */
  end(end: DrainEnd): void
}

class BoundedDrain implements Drain {
  readonly #timer: ReturnType<typeof setTimeout>
  readonly #onEnd: (end: DrainEnd) => void
  #bytesLeft: number
  #end: DrainEnd | null = null
  #cut: (() => void) | null = null

  constructor({ maxMs, maxBytes }: DrainBounds, onEnd: (end: DrainEnd) => void) {
    this.#bytesLeft = maxBytes
    this.#onEnd = onEnd
    this.#timer = setTimeout(() => this.end('too_long'), maxMs)
    unref(this.#timer)
  }

  get ended(): DrainEnd | null {
    return this.#end
  }

  onCut(cut: () => void): void {
    this.#cut = cut
  }

  count(bytes: number): void {
    this.#bytesLeft -= bytes
    if (this.#bytesLeft < 0) this.end('too_large')
  }

  end(end: DrainEnd): void {
    if (this.#end !== null) return
    this.#end = end
    clearTimeout(this.#timer)
    this.#onEnd(end)
    const cut = this.#cut
    this.#cut = null
    if (end !== 'finished' && end !== 'broken') cut?.()
  }
}

/** What is left of a body whose client has left. */
export interface Rest {
  /** The next chunk, or that there is none. */
  read(): Promise<{ done: boolean; value?: unknown }>
  /** A chunk was read. Returns its length in bytes. */
  take(chunk: unknown): number
  /** A bound was passed: nothing more is read. */
  cancel(): Promise<void>
}

/** Reads what is left of a body to its end, or cancels it at the drain's. Never rejects. */
export async function readOn(drain: Drain, rest: Rest): Promise<'drained' | 'cancelled'> {
  const cut = new Promise<void>((resolve) => drain.onCut(resolve))
  await Promise.race([readAll(drain, rest), cut])
  if (drain.ended === 'finished') return 'drained'
  if (drain.ended !== 'broken') await within(LAST_MOMENTS_MS, quietly(rest.cancel))
  return 'cancelled'
}

async function readAll(drain: Drain, { read, take }: Rest): Promise<void> {
  try {
    for (let chunks = 1; drain.ended === null; chunks++) {
      const { done, value } = await read()
      if (done) drain.end('finished')
      else drain.count(take(value))
      if (chunks % CHUNKS_A_TURN === 0) await nextTurn()
    }
  } catch {
    drain.end('broken')
  }
}

async function quietly(work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch {
    // Nobody is left to hear of it.
  }
}

/** Drains of one recorder: how many are at work, and how the others ended. */
export interface DrainStats {
  /** At work now. */
  running: number
  /** By how they ended; an end without drains is left out. */
  ended: Partial<Record<DrainEnd, number>>
}

/** The drains of one recorder. */
export class Drains {
  readonly #onEnd: (end: DrainEnd) => void
  readonly #ended = new Map<DrainEnd, number>()
  #running = 0

  constructor(onEnd: (end: DrainEnd) => void) {
    this.#onEnd = onEnd
  }

  /** `null`, and counted, when as many as there may be are at work. */
  begin(bounds: DrainBounds): Drain | null {
    if (this.#running >= bounds.maxConcurrent) {
      this.#count('full')
      return null
    }
    this.#running++
    return new BoundedDrain(bounds, (end) => {
      this.#running--
      this.#count(end)
    })
  }

  /** `undefined` when no client has left yet whose body was to be drained. */
  stats(): DrainStats | undefined {
    if (this.#running === 0 && this.#ended.size === 0) return undefined
    return { running: this.#running, ended: Object.fromEntries(this.#ended) }
  }

  #count(end: DrainEnd): void {
    this.#ended.set(end, (this.#ended.get(end) ?? 0) + 1)
    this.#onEnd(end)
  }
}
