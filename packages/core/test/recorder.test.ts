import {
  chokingOn,
  expectAccounted,
  type Fault,
  failing,
  inTurn,
  losingAnswers,
  refusing,
  SAMPLE_TIME,
  sampleRecord,
  sampleRequest,
  slow,
  sound,
} from '@withusage/testing'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { isUsageError } from '../src/errors.ts'
import type { UsageRecord } from '../src/record.ts'
import { createRecorder } from '../src/recorder.ts'
import { memoryStore } from '../src/stores/memory.ts'
import type { Ticket } from '../src/ticket.ts'
import type { UsageBatch } from '../src/types.ts'
import { ALWAYS } from './support/metered.ts'
import { type Recording, recording } from './support/recording.ts'

const requestIdOf = (records: readonly UsageRecord[]): string => records[0]?.requestId as string

function recordMany({ recorder }: Pick<Recording, 'recorder'>, count: number): UsageRecord[][] {
  const requests = Array.from({ length: count }, () => [sampleRecord()])
  for (const records of requests) recorder.record(records)
  return requests
}

async function storedIds({ memory }: Recording): Promise<string[]> {
  const { records } = await memory.records({ ...ALWAYS, limit: 10_000 })
  return records.map(({ requestId }) => requestId)
}

describe('a request', () => {
  it('is in flight from its opening until the store has its records', async () => {
    const { recorder } = recording()
    const ticket = recorder.open({ endpoint: '/chat' })
    expect(recorder.stats()).toEqual({ requests: 1, recorded: 0, unrecorded: {}, ignored: {}, inFlight: 1 })
    ticket.record([sampleRecord()])
    expect(recorder.stats()).toMatchObject({ recorded: 0, inFlight: 1 })
    await recorder.flush()
    expect(recorder.stats()).toEqual({ requests: 1, recorded: 1, unrecorded: {}, ignored: {}, inFlight: 0 })
  })

  it('is accounted for by the first use of its ticket alone', async () => {
    const { recorder } = recording()
    const first = recorder.open({ endpoint: '/chat' })
    first.unrecorded('no_usage')
    first.ignored('status_4xx')
    first.record([sampleRecord()])
    const second = recorder.open({ endpoint: '/chat' })
    second.record([sampleRecord()])
    second.record([sampleRecord()])
    second.unrecorded('failed')
    await recorder.flush()
    expect(recorder.stats()).toEqual({
      requests: 2,
      recorded: 1,
      unrecorded: { no_usage: 1 },
      ignored: {},
      inFlight: 0,
    })
  })

  it('without any record is no_usage', () => {
    const { recorder } = recording()
    recorder.record([])
    expect(recorder.stats().unrecorded).toEqual({ no_usage: 1 })
  })

  it('is counted under the endpoint that its ticket has when it is used', async () => {
    const { recorder, memory } = recording()
    const ticket = recorder.open({ endpoint: 'other' })
    ticket.endpoint = '/teams/:team/chat'
    ticket.ignored('status_5xx')
    await recorder.flush()
    const account = await memory.account({ ...ALWAYS, bucket: null })
    expect(account).toMatchObject([{ endpoint: '/teams/:team/chat', account: 'ignored', reason: 'status_5xx' }])
  })

  it('is counted in the quarter of an hour in which it began, also when it comes as bare records', async () => {
    const startedAt = new Date('2026-03-10T10:14:59Z')
    const wanted = sampleRecord({ createdAt: startedAt })
    const { recorder, memory } = recording(refusing([wanted.requestId]))
    recorder.record([wanted])
    recorder.open({ endpoint: '/chat', startedAt }).unrecorded('no_usage')
    await recorder.flush()
    const account = await memory.account({
      from: new Date('2026-03-10T10:00:00Z'),
      to: new Date('2026-03-10T10:15:00Z'),
      bucket: null,
    })
    expect(account.map(({ reason }) => reason).sort()).toEqual(['no_usage', 'record_failed'])
  })

  it('that says it began at no time, or at an impossible one, spoils nothing', async () => {
    const { recorder } = recording()
    recorder.open({ endpoint: '/chat', startedAt: new Date(Number.NaN) }).unrecorded('no_usage')
    recorder.open({ endpoint: '/chat', startedAt: new Date(8.64e15) }).unrecorded('failed')
    recorder.record([sampleRecord()])
    await recorder.flush()
    expect(recorder.stats()).toMatchObject({ recorded: 1, unrecorded: { no_usage: 1, failed: 1 } })
  })

  it('that is stored no longer holds its quarter of an hour', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: SAMPLE_TIME })
    onTestFinished(() => void vi.useRealTimers())
    const { recorder, memory } = recording()
    const countOne = (): void => recorder.open({ endpoint: '/chat', startedAt: SAMPLE_TIME }).unrecorded('no_usage')
    recorder.record([sampleRecord()])
    countOne()
    vi.setSystemTime(SAMPLE_TIME.getTime() + 900_000)
    await recorder.flush()
    recorder.open({ endpoint: '/chat' }).unrecorded('failed')
    await recorder.flush()
    countOne()
    await recorder.flush()
    const account = await memory.account({
      ...ALWAYS,
      from: SAMPLE_TIME,
      bucket: '15m',
      to: new Date(Date.now() + 900_000),
    })
    expect(account.map(({ reason, start }) => [reason, start.getTime() - SAMPLE_TIME.getTime()])).toEqual([
      [null, 0],
      ['no_usage', 0],
      ['failed', 900_000],
      ['no_usage', 900_000],
    ])
  })

  it('of several lines is one request, all its lines stored or none', async () => {
    const whole = sampleRequest([{}, {}, {}])
    const refused = sampleRequest([{}, {}])
    const setting = recording(refusing([requestIdOf(refused)]), { batch: { size: 4 } })
    setting.recorder.record(refused)
    setting.recorder.record(whole)
    await setting.recorder.flush()
    expect(setting.recorder.stats()).toMatchObject({ requests: 2, recorded: 1, unrecorded: { record_failed: 1 } })
    expect(await storedIds(setting)).toEqual(whole.map(({ requestId }) => requestId))
  })

  it('is never cut in two by a batch', async () => {
    const setting = recording(sound, { batch: { size: 4 } })
    for (let request = 0; request < 5; request++) setting.recorder.record(sampleRequest([{}, {}, {}]))
    setting.recorder.record(sampleRequest([{}, {}, {}, {}, {}, {}]))
    await setting.recorder.flush()
    const sizes = setting.store.attempts.map(({ records }) => records.length)
    expect(sizes).toEqual([3, 3, 3, 3, 3, 6])
  })
})

describe('every request is accounted for, in the recorder and in the store,', () => {
  const flaky: Fault = inTurn(failing, sound, failing, failing, sound, failing, sound, failing)
  it.each<[string, Fault]>([
    ['is sound', sound],
    ['is slow', slow(5)],
    ['fails at times', flaky],
    ['loses an answer at times', inTurn(losingAnswers, sound, losingAnswers, losingAnswers)],
  ])('when the store %s: all is recorded', async (_, fault) => {
    const setting = recording(fault, { batch: { size: 7 } })
    const requests = recordMany(setting, 50)
    for (const reason of ['no_usage', 'no_user', 'too_large'] as const)
      setting.recorder.open({ endpoint: '/chat' }).unrecorded(reason)
    await setting.recorder.flush()
    expect(setting.recorder.stats()).toEqual({
      requests: 53,
      recorded: 50,
      unrecorded: { no_usage: 1, no_user: 1, too_large: 1 },
      ignored: {},
      inFlight: 0,
    })
    expect(await storedIds(setting)).toEqual(requests.map(requestIdOf))
  })

  it('when the store always fails: all is record_failed, and the counts arrive once it recovers', async () => {
    const setting = recording(failing)
    recordMany(setting, 10)
    await setting.recorder.flush()
    expect(setting.recorder.stats()).toMatchObject({ recorded: 0, unrecorded: { record_failed: 10 }, inFlight: 0 })
    expect(setting.codes()).toContain('store-unavailable')
    expect(setting.codes().filter((code) => code === 'record-lost')).toHaveLength(10)
  })

  it('when the store is down for long: what waited is given up, what comes later is recorded', async () => {
    const setting = recording(failing)
    recordMany(setting, 3)
    await setting.recorder.flush()
    setting.store.behave(sound)
    recordMany(setting, 4)
    await setting.recorder.flush()
    expect(setting.recorder.stats()).toMatchObject({ recorded: 4, unrecorded: { record_failed: 3 } })
  })
})

describe('a refused request falls alone', () => {
  it.each([
    ['the first of 200', [0]],
    ['the last of 200', [199]],
    ['one in the middle', [117]],
    ['two adjacent ones', [99, 100]],
    ['several', [0, 1, 2, 3, 50, 51, 128, 197, 199]],
    ['every other one', Array.from({ length: 100 }, (_, index) => index * 2)],
  ])('%s', async (_, culprits) => {
    const setting = recording()
    const requests = recordMany(setting, 200)
    const refused = culprits.map((index) => requestIdOf(requests[index] ?? []))
    setting.store.behave(refusing(refused))
    await setting.recorder.flush()
    expect(setting.recorder.stats()).toMatchObject({
      recorded: 200 - culprits.length,
      unrecorded: { record_failed: culprits.length },
    })
    expect(await storedIds(setting)).toEqual(requests.map(requestIdOf).filter((id) => !refused.includes(id)))
  })

  it('also when the store does not say that it refuses: a single one that breaks its batch', async () => {
    const setting = recording()
    const requests = recordMany(setting, 200)
    setting.store.behave(chokingOn([requestIdOf(requests[0] ?? [])]))
    await setting.recorder.flush()
    expect(setting.recorder.stats()).toMatchObject({ recorded: 199, unrecorded: { record_failed: 1 } })
  })

  it('and is reported as lost, not as a store that is unavailable', async () => {
    const setting = recording()
    const requests = recordMany(setting, 8)
    setting.store.behave(refusing([requestIdOf(requests[5] ?? [])]))
    await setting.recorder.flush()
    expect(setting.codes()).toEqual(['record-lost'])
    expect(isUsageError(setting.errors[0]?.cause, 'record-refused')).toBe(true)
  })
})

describe('a duplicate', () => {
  it('is ignored, and the first stands', async () => {
    const setting = recording()
    const first = [sampleRecord()]
    setting.recorder.record(first)
    await setting.recorder.flush()
    setting.recorder.record([sampleRecord({ id: first[0]?.id as string, inputTokens: 77 })])
    await setting.recorder.flush()
    expect(setting.recorder.stats()).toMatchObject({ recorded: 1, ignored: { duplicate: 1 } })
    expect(await storedIds(setting)).toEqual([requestIdOf(first)])
  })

  it('is ignored in the batch of the first, too', async () => {
    const setting = recording()
    const first = sampleRecord()
    setting.recorder.record([first])
    setting.recorder.record([sampleRecord({ id: first.id })])
    await setting.recorder.flush()
    expect(setting.recorder.stats()).toMatchObject({ recorded: 1, ignored: { duplicate: 1 } })
  })

  it('is the same request recorded again, in one batch or later', async () => {
    const setting = recording()
    const records = [sampleRecord()]
    setting.recorder.record(records)
    setting.recorder.record(records)
    await setting.recorder.flush()
    setting.recorder.record(records)
    await setting.recorder.flush()
    expect(setting.recorder.stats()).toMatchObject({ recorded: 1, ignored: { duplicate: 2 } })
  })

  it('is another request with that record also when a write of it has failed before', async () => {
    const setting = recording(inTurn(sound, failing))
    const first = sampleRecord()
    setting.recorder.record([first])
    await setting.recorder.flush()
    setting.recorder.record([sampleRecord({ id: first.id })])
    await setting.recorder.flush()
    expect(setting.recorder.stats()).toMatchObject({ recorded: 1, ignored: { duplicate: 1 } })
  })

  it('is not what was written and not acknowledged', async () => {
    const setting = recording(inTurn(losingAnswers, failing, losingAnswers))
    recordMany(setting, 3)
    await setting.recorder.flush()
    expect(setting.recorder.stats()).toEqual({ requests: 3, recorded: 3, unrecorded: {}, ignored: {}, inFlight: 0 })
  })
})

describe('past maxPending', () => {
  it('requests are record_dropped, counted and reported, and the others are stored', async () => {
    const setting = recording(sound, { maxPending: 10 })
    recordMany(setting, 15)
    expect(setting.recorder.stats()).toMatchObject({ unrecorded: { record_dropped: 5 }, inFlight: 10 })
    expect(setting.codes()).toEqual(Array.from({ length: 5 }, () => 'record-lost'))
    await setting.recorder.flush()
    recordMany(setting, 10)
    await setting.recorder.flush()
    expect(setting.recorder.stats()).toMatchObject({ recorded: 20, unrecorded: { record_dropped: 5 } })
  })

  it('a request is dropped whole', async () => {
    const setting = recording(sound, { maxPending: 4 })
    setting.recorder.record(sampleRequest([{}, {}, {}]))
    setting.recorder.record(sampleRequest([{}, {}]))
    setting.recorder.record(sampleRequest([{}]))
    await setting.recorder.flush()
    expect(setting.recorder.stats()).toMatchObject({ recorded: 2, unrecorded: { record_dropped: 1 } })
    expect(await storedIds(setting)).toHaveLength(4)
  })
})

describe('record()', () => {
  const broken = (): UsageRecord => sampleRecord({ inputTokens: -1 })

  it('never waits for the store', () => {
    const setting = recording(slow(3), { batch: { size: 1 } })
    recordMany(setting, 5)
    expect(setting.store.attempts).toHaveLength(0)
  })

  it('never throws, whatever it is given', () => {
    const { recorder } = recording()
    const inputs: unknown[] = [[null], [undefined], ['text'], [{}], [{ id: 1 }], [[]], [sampleRecord(), null]]
    for (const input of inputs) expect(() => recorder.record(input as UsageRecord[])).not.toThrow()
    expect(recorder.stats().unrecorded).toEqual({ record_failed: inputs.length })
  })

  it('never throws when the OpenTelemetry meter does', async () => {
    const instrument = { add: thrower, record: thrower }
    const meter = { createCounter: () => instrument, createHistogram: () => instrument } as never
    const setting = recording(sound, { meter })
    expect(() => recordMany(setting, 3)).not.toThrow()
    setting.recorder.open({ endpoint: '/chat' }).unrecorded('no_usage')
    await setting.recorder.flush()
    expect(setting.recorder.stats()).toMatchObject({ recorded: 3, unrecorded: { no_usage: 1 } })
  })

  it('counts a record that cannot be stored as record_failed, and reports its field, not its value', async () => {
    const setting = recording()
    setting.recorder.record([sampleRecord({ userId: '' })])
    expect(setting.recorder.stats().unrecorded).toEqual({ record_failed: 1 })
    expect(setting.codes()).toEqual(['invariant'])
    expect(setting.errors[0]?.message).toContain('userId')
  })

  it('stores a record that only breaks a rule, and reports it', async () => {
    const setting = recording()
    setting.recorder.record([sampleRecord({ preFilterInputTokens: 1, postFilterInputTokens: 2 })])
    await setting.recorder.flush()
    expect(setting.recorder.stats()).toMatchObject({ recorded: 1 })
    expect(setting.codes()).toEqual(['invariant'])
  })

  it('throws the invariant at its caller when strict, tells no one else, and has counted the request', () => {
    const { recorder, errors } = recording(sound, { strict: true })
    const rule = sampleRecord({ costNanoUsd: 5, pricingVersion: null })
    for (const record of [broken(), rule]) {
      const error = caught(() => recorder.record([record]))
      expect(isUsageError(error, 'invariant')).toBe(true)
    }
    expect(recorder.stats()).toMatchObject({ unrecorded: { record_failed: 2 }, inFlight: 0 })
    expect(errors).toEqual([])
    expectAccounted(recorder)
  })

  it('does not mind an onError that throws', async () => {
    const setting = recording(inTurn(failing), { onError: thrower })
    setting.recorder.record([broken()])
    recordMany(setting, 2)
    await setting.recorder.flush()
    expect(setting.recorder.stats()).toMatchObject({ recorded: 2, unrecorded: { record_failed: 1 } })
  })
})

describe('flush()', () => {
  it('brings over what was recorded and counted before it, also while a write is under way', async () => {
    const setting = recording(slow(3))
    recordMany(setting, 2)
    const first = setting.recorder.flush()
    recordMany(setting, 3)
    setting.recorder.open({ endpoint: '/chat' }).ignored('status_4xx')
    await setting.recorder.flush()
    expect(setting.recorder.stats()).toMatchObject({ recorded: 5, inFlight: 0 })
    const account = await setting.memory.account({ ...ALWAYS, bucket: null })
    expect(account.map(({ requests }) => requests)).toEqual([5, 1])
    await first
  })

  it('waits for the write that another flush has begun', async () => {
    const setting = recording(slow(3))
    recordMany(setting, 1)
    const first = setting.recorder.flush()
    recordMany(setting, 1)
    const second = setting.recorder.flush()
    await setting.recorder.flush()
    expect(setting.recorder.stats()).toMatchObject({ recorded: 2, inFlight: 0 })
    await Promise.all([first, second])
  })

  it('ends although requests keep coming as fast as the store takes them', async () => {
    let left = 1_000
    const setting = recording((write) => {
      if (left-- > 0) recordMany(setting, 1)
      return write()
    })
    recordMany(setting, 3)
    await setting.recorder.flush()
    expect(setting.recorder.stats().recorded).toBeGreaterThanOrEqual(3)
    expect(left).toBeGreaterThan(900)
    left = 0
  })

  it('has nothing to wait for when nothing waits', async () => {
    const setting = recording()
    await setting.recorder.flush()
    expect(setting.store.attempts).toHaveLength(0)
  })
})

describe('acknowledged()', () => {
  it('resolves when the store has the records, and not before', async () => {
    let release = (): void => {}
    const setting = recording(async (write) => {
      await new Promise<void>((resolve) => {
        release = resolve
      })
      return write()
    })
    const ticket = setting.recorder.open({ endpoint: '/chat' })
    let acknowledged = false
    const waiting = ticket.acknowledged().then(() => {
      acknowledged = true
    })
    ticket.record([sampleRecord()])
    const flushed = setting.recorder.flush()
    await turns(3)
    expect(acknowledged).toBe(false)
    release()
    await Promise.all([waiting, flushed])
    await ticket.acknowledged()
  })

  it('resolves when the store has the count of a request without a record', async () => {
    const setting = recording(inTurn(failing))
    const ticket = setting.recorder.open({ endpoint: '/chat' })
    ticket.unrecorded('no_usage')
    const [account] = await Promise.all([
      ticket.acknowledged().then(() => setting.memory.account({ ...ALWAYS, bucket: null })),
      setting.recorder.flush(),
    ])
    expect(account).toMatchObject([{ reason: 'no_usage', requests: 1 }])
  })

  it('resolves with the write that is under way when that one brings the last count', async () => {
    const setting = recording(slow(5))
    const ticket = setting.recorder.open({ endpoint: '/chat' })
    ticket.unrecorded('no_usage')
    const flushed = setting.recorder.flush()
    const acknowledged = ticket.acknowledged()
    await flushed
    expect(await settledNow(acknowledged)).toBe(true)
  })

  it('resolves when the record was given up and its count is stored', async () => {
    const record = sampleRecord()
    const setting = recording(refusing([record.requestId]))
    const ticket = setting.recorder.open({ endpoint: '/chat' })
    ticket.record([record])
    const acknowledged = ticket.acknowledged()
    await setting.recorder.flush()
    expect(await settledNow(acknowledged)).toBe(true)
  })
})

function thrower(): never {
  throw new Error('not today')
}

function caught(run: () => void): unknown {
  try {
    run()
  } catch (error) {
    return error
  }
  return undefined
}

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve))
}

async function settledNow(promise: Promise<unknown>): Promise<boolean> {
  return Promise.race([promise.then(() => true), turns(2).then(() => false)])
}

describe('A recorder without batches', () => {
  it.each<[what: string, use: (ticket: Ticket) => void]>([
    ['records', (ticket) => ticket.record([sampleRecord()])],
    ['a count', (ticket) => ticket.unrecorded('no_usage')],
  ])('acknowledges %s once their own write has, whoever asks when', async (_, use) => {
    const { recorder, store } = recording(sound, { batch: null })
    const ticket = recorder.open({ endpoint: '/chat' })
    const asked = ticket.acknowledged()
    use(ticket)
    const askedLater = ticket.acknowledged()
    expect(store.attempts).toHaveLength(1)
    await Promise.all([asked, askedLater])
    expect(recorder.stats().inFlight).toBe(0)
  })

  it('has a bounded number of counts on their way to a store that is away, and loses none of them', async () => {
    const away = Promise.withResolvers<void>()
    const inner = memoryStore()
    let writing = 0
    let most = 0
    const store = {
      ...inner,
      async write(batch: UsageBatch) {
        most = Math.max(most, ++writing)
        await away.promise
        writing--
        return inner.write(batch)
      },
    }
    const recorder = createRecorder({ store, batch: null })
    const acknowledged = Array.from({ length: 5_000 }, () => {
      const ticket = recorder.open({ endpoint: '/chat' })
      ticket.ignored('status_4xx')
      return ticket.acknowledged()
    })
    expect(most).toBe(100)
    away.resolve()
    await Promise.all(acknowledged)
    const [account] = await store.account({ ...ALWAYS, bucket: null })
    expect(account).toMatchObject({ account: 'ignored', reason: 'status_4xx', requests: 5_000 })
  })

  it('is what Cloudflare gets, whatever is asked for', async () => {
    vi.stubGlobal('navigator', { userAgent: 'Cloudflare-Workers' })
    const { recorder, store } = recording(sound, { batch: { size: 10 } })
    vi.unstubAllGlobals()
    recorder.record([sampleRecord()])
    recorder.record([sampleRecord()])
    expect(store.attempts).toHaveLength(2)
    await recorder.flush()
  })
})
