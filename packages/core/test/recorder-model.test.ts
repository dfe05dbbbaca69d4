import {
  expectAccounted,
  expectStoredAccount,
  type Fault,
  failing,
  inTurn,
  losingAnswers,
  refusing,
  sampleRecord,
  sampleRequest,
  slow,
  sound,
} from '@withusage/testing'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { UsageRecord } from '../src/record.ts'
import type { RecorderOptions } from '../src/recorder.ts'
import type { Ticket } from '../src/ticket.ts'
import { openRecording, type Recording } from './support/recording.ts'

/** What may happen to a recorder, in any order. */
type Step =
  | { kind: 'open' }
  | { kind: 'record'; which: number; lines: number; refused: boolean }
  | { kind: 'repeat'; which: number }
  | { kind: 'unrecorded' | 'ignored'; which: number }
  | { kind: 'bare'; lines: number; refused: boolean }
  | { kind: 'behave'; faults: FaultName[] }
  | { kind: 'flush' | 'wait' | 'close' }

const FAULTS = { sound, failing, losingAnswers, slow: slow(2) } satisfies Record<string, Fault>

type FaultName = keyof typeof FAULTS

/** What the store may do. Which of it goes together is bounded by what can be known. */
interface Model {
  faults: FaultName[]
  attempts: number
  /** Other requests bring results that are stored already. */
  repeats: boolean
}

const MODELS: Record<string, Model> = {
  'a store that fails until it is given up': { faults: ['sound', 'slow', 'failing'], attempts: 2, repeats: false },
  // What was written and never acknowledged can only be known to be there while it is tried again.
  'a store whose answers get lost': { faults: ['sound', 'slow', 'losingAnswers'], attempts: 1_000, repeats: false },
  // Whose row it is that is there is not known after a failed attempt.
  'results that come again': { faults: ['sound', 'slow'], attempts: 2, repeats: true },
}

const which = fc.nat({ max: 20 })
const lines = fc.integer({ min: 1, max: 3 })
const refused = fc.boolean()

function stepOf({ faults, repeats }: Model): fc.Arbitrary<Step> {
  return fc.oneof(
    { weight: 4, arbitrary: fc.constant({ kind: 'open' as const }) },
    { weight: 4, arbitrary: fc.record({ kind: fc.constant('record' as const), which, lines, refused }) },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('bare' as const), lines, refused }) },
    { weight: repeats ? 2 : 0, arbitrary: fc.record({ kind: fc.constant('repeat' as const), which }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('unrecorded' as const, 'ignored' as const), which }) },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constant('behave' as const),
        faults: fc.array(fc.constantFrom(...faults), { maxLength: 8 }),
      }),
    },
    { weight: 3, arbitrary: fc.record({ kind: fc.constantFrom('flush' as const, 'wait' as const) }) },
    { weight: 1, arbitrary: fc.constant({ kind: 'close' as const }) },
  )
}

type Batch = Exclude<RecorderOptions['batch'], undefined>

/** A recorder, the tickets that are open, and how many requests there must be. */
class Run {
  readonly recording: Recording
  readonly #open = new Set<Ticket>()
  readonly #refused: string[] = []
  readonly #recorded: UsageRecord[][] = []
  readonly #background: Promise<void>[] = []
  #requests = 0

  constructor({ attempts }: Model, batch: Batch) {
    this.recording = openRecording(sound, {
      batch,
      retry: { attempts, minMs: 0, maxMs: 0 },
      maxPending: 12,
    })
    this.#behave(sound)
  }

  async take(step: Step): Promise<void> {
    const { recorder } = this.recording
    if (step.kind === 'open') this.#begin()
    else if (step.kind === 'record') this.#pick(step.which)?.record(this.#records(step))
    else if (step.kind === 'unrecorded') this.#pick(step.which)?.unrecorded('no_usage')
    else if (step.kind === 'ignored') this.#pick(step.which)?.ignored('status_4xx')
    else if (step.kind === 'bare') this.#bare(this.#records(step))
    else if (step.kind === 'repeat') this.#repeat(step.which)
    else if (step.kind === 'behave') this.#behave(inTurn(...step.faults.map((fault) => FAULTS[fault])))
    else if (step.kind === 'flush') this.#background.push(recorder.flush())
    else if (step.kind === 'close') this.#background.push(recorder.close({ timeoutMs: 1 }))
    else await new Promise((resolve) => setImmediate(resolve))
    this.check()
  }

  check(): void {
    expectAccounted(this.recording.recorder)
    const { requests, inFlight } = this.recording.recorder.stats()
    expect(requests).toBe(this.#requests)
    expect(inFlight).toBeGreaterThanOrEqual(this.#open.size)
  }

  /** Everything ends, and the store has recovered. */
  async finish(): Promise<void> {
    this.#behave(sound)
    await this.recording.recorder.flush()
    this.check()
    expect(this.recording.recorder.stats().inFlight).toBe(this.#open.size)
    const acknowledged = [...this.#open].map((ticket) => ticket.acknowledged())
    await this.recording.recorder.close({ timeoutMs: 1 })
    // What began after close() is its caller's to end.
    for (const ticket of this.#open) ticket.unrecorded('failed')
    this.#open.clear()
    await Promise.all([...this.#background, ...acknowledged])
    this.check()
    await expectStoredAccount(this.recording.recorder, this.recording.memory)
  }

  #begin(): void {
    this.#requests++
    const ticket: Ticket = this.recording.recorder.open({
      endpoint: '/chat',
      settle: () => {
        this.#open.delete(ticket)
        ticket.unrecorded('cancelled')
      },
    })
    this.#open.add(ticket)
  }

  #pick(which: number): Ticket | undefined {
    const ticket = [...this.#open][which % (this.#open.size || 1)]
    if (ticket) this.#open.delete(ticket)
    return ticket
  }

  #bare(records: UsageRecord[]): void {
    this.#requests++
    this.recording.recorder.record(records)
  }

  #records({ lines, refused }: { lines: number; refused: boolean }): UsageRecord[] {
    const records = sampleRequest(Array.from({ length: lines }, () => ({})))
    if (refused) this.#refused.push(records[0]?.requestId as string)
    else this.#recorded.push(records)
    return records
  }

  /** Another request that brings the same result, once the first is stored for certain. */
  #repeat(which: number): void {
    const [record] = this.#recorded[which % (this.#recorded.length || 1)] ?? []
    if (record) this.#bare([sampleRecord({ id: record.id })])
  }

  /** What is refused is refused always. */
  #behave(fault: Fault): void {
    this.recording.store.behave((write, batch) => refusing(this.#refused)(() => fault(write, batch), batch))
  }
}

const WAYS: Record<string, Batch> = {
  'in batches': { size: 4, intervalMs: 3_600_000 },
  'each request its own': null,
}

describe.each(Object.entries(WAYS))('every request is accounted for, and the store agrees: %s', (_, batch) => {
  it.each(Object.entries(MODELS))('%s', async (_, model) => {
    await fc.assert(
      fc.asyncProperty(fc.array(stepOf(model), { maxLength: 50 }), async (steps) => {
        const run = new Run(model, batch)
        for (const step of steps) await run.take(step)
        await run.finish()
      }),
      { seed: 96_936_951, numRuns: 300 },
    )
  })
})
