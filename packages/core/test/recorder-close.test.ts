import { failing, hanging, inTurn, sampleRecord, slow } from '@withusage/testing'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createRecorder, type Recorder } from '../src/recorder.ts'
import { memoryStore } from '../src/stores/memory.ts'
import type { Ticket } from '../src/ticket.ts'
import { openRecording, recording } from './support/recording.ts'

/** Opens a request that its settling records, as an exchange whose usage is known does. */
function openRecordable(recorder: Recorder): { ticket: Ticket; settled: string[] } {
  const settled: string[] = []
  const ticket: Ticket = recorder.open({
    endpoint: '/chat',
    settle(outcome) {
      settled.push(outcome)
      ticket.record([sampleRecord({ outcome })])
    },
  })
  return { ticket, settled }
}

describe('close()', () => {
  it('writes what waits', async () => {
    const { recorder } = recording(slow(3))
    recorder.record([sampleRecord()])
    recorder.open({ endpoint: '/chat' }).ignored('status_4xx')
    await recorder.close()
    expect(recorder.stats()).toEqual({
      requests: 2,
      recorded: 1,
      unrecorded: {},
      ignored: { status_4xx: 1 },
      inFlight: 0,
    })
  })

  it('waits for the requests in flight', async () => {
    const { recorder } = recording()
    const { ticket, settled } = openRecordable(recorder)
    const closed = recorder.close()
    setImmediate(() => ticket.record([sampleRecord()]))
    await closed
    expect(settled).toEqual([])
    expect(recorder.stats()).toMatchObject({ recorded: 1, inFlight: 0 })
  })

  it('has what is open after its timeout settled as cancelled, and stores what that gives', async () => {
    const { recorder, memory } = recording()
    const { settled } = openRecordable(recorder)
    recorder.open({ endpoint: '/chat' })
    recorder.open({ endpoint: '/chat', settle: () => {} })
    await recorder.close({ timeoutMs: 1 })
    expect(settled).toEqual(['cancelled'])
    expect(recorder.stats()).toMatchObject({ recorded: 1, unrecorded: { cancelled: 2 }, inFlight: 0 })
    expect((await memory.records({ from: new Date(0), to: new Date('2100-01-01') })).records).toHaveLength(1)
  })

  it('settles every request although one throws at it', async () => {
    const { recorder, codes } = recording()
    recorder.open({
      endpoint: '/chat',
      settle() {
        throw new Error('not today')
      },
    })
    const { settled } = openRecordable(recorder)
    await recorder.close({ timeoutMs: 1 })
    expect(settled).toEqual(['cancelled'])
    expect(recorder.stats()).toMatchObject({ recorded: 1, unrecorded: { cancelled: 1 }, inFlight: 0 })
    expect(codes()).toEqual(['internal'])
  })

  it('is one closing however often it is called', async () => {
    const { recorder } = recording()
    recorder.record([sampleRecord()])
    const first = recorder.close()
    expect(recorder.close({ timeoutMs: 1 })).toBe(first)
    await first
    await recorder.close()
    expect(recorder.stats()).toMatchObject({ requests: 1, recorded: 1 })
  })

  it('keeps trying a store that fails at first', async () => {
    const { recorder } = recording(inTurn(failing, failing))
    recorder.record([sampleRecord()])
    recorder.open({ endpoint: '/chat' }).unrecorded('no_usage')
    await recorder.close()
    expect(recorder.stats()).toMatchObject({ recorded: 1, unrecorded: { no_usage: 1 } })
  })

  it('leaves the store open', async () => {
    const { recorder, memory } = recording()
    await recorder.close()
    await expect(memory.write({ records: [], tallies: [] })).resolves.toEqual({ duplicates: [], foreign: [] })
  })

  it('is what `await using` does at the end of its block', async () => {
    const store = memoryStore()
    let kept: Recorder
    {
      await using recorder = createRecorder({ store })
      recorder.record([sampleRecord()])
      kept = recorder
    }
    expect(kept.stats()).toMatchObject({ recorded: 1, inFlight: 0 })
  })
})

describe('after close()', () => {
  it('a record is record_dropped', async () => {
    const { recorder } = openRecording()
    const open = recorder.open({ endpoint: '/chat' })
    await recorder.close({ timeoutMs: 1 })
    open.record([sampleRecord()])
    recorder.record([sampleRecord()])
    recorder.open({ endpoint: '/chat' }).record([sampleRecord()])
    expect(recorder.stats()).toEqual({
      requests: 3,
      recorded: 0,
      unrecorded: { cancelled: 1, record_dropped: 2 },
      ignored: {},
      inFlight: 0,
    })
  })

  it('nobody waits for an acknowledgement that cannot come', async () => {
    const { recorder } = openRecording()
    await recorder.close()
    const ticket = recorder.open({ endpoint: '/chat' })
    ticket.record([sampleRecord()])
    await ticket.acknowledged()
    const other = recorder.open({ endpoint: '/chat' })
    const acknowledged = other.acknowledged()
    other.ignored('status_4xx')
    await acknowledged
  })
})

describe('close() with a store that does not answer', () => {
  /** As long as `close()` may take: the store has two seconds at the least. */
  async function closeInFakeTime(recorder: Recorder): Promise<void> {
    const closed = recorder.close({ timeoutMs: 1 })
    await vi.advanceTimersByTimeAsync(2_001)
    await closed
  }

  beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }))
  afterEach(() => void vi.useRealTimers())

  it('gives up in bounded time, and everything is accounted for', async () => {
    const { recorder, store, codes } = openRecording(hanging)
    const ticket = recorder.open({ endpoint: '/chat' })
    ticket.record([sampleRecord()])
    recorder.record([sampleRecord()])
    const flushed = recorder.flush()
    recorder.record([sampleRecord()])
    await closeInFakeTime(recorder)
    expect(recorder.stats()).toMatchObject({ recorded: 0, unrecorded: { record_failed: 3 }, inFlight: 0 })
    expect(codes()).toEqual(['record-lost', 'record-lost', 'record-lost'])
    expect(store.attempts).toHaveLength(1)
    await flushed
    await recorder.flush()
    await ticket.acknowledged()
  })

  it('writes nothing of what it has given up, should the store come back, but the counts', async () => {
    const { recorder, store, memory } = openRecording(failing, { retry: { attempts: 99, minMs: 3_600_000 } })
    for (let request = 0; request < 4; request++) recorder.record([sampleRecord()])
    await closeInFakeTime(recorder)
    let written = (): void => {}
    const counted = new Promise<void>((resolve) => {
      written = resolve
    })
    store.behave(async (write) => write().finally(written))
    await counted
    const account = await memory.account({ from: new Date(0), to: new Date('2100-01-01'), bucket: null })
    expect(account).toMatchObject([{ account: 'unrecorded', reason: 'record_failed', requests: 4 }])
    expect(store.attempts.slice(1).flatMap(({ records }) => records)).toEqual([])
  })
})
