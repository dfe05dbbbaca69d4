import { chokingOn, type Fault, failing, faultyStore, inTurn, refusing, sampleRecord, sound } from '@withusage/testing'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { memoryStore } from '../src/stores/memory.ts'
import { TallyBook } from '../src/tallies.ts'
import type { UsageBatch } from '../src/types.ts'
import { type RetryOptions, type UnitResult, WriteQueue, type WriteQueueOptions } from '../src/write-queue.ts'
import { settled } from './support/reading.ts'

interface Setting {
  queue: WriteQueue
  tallies: TallyBook
  attempts: UsageBatch[]
  /** Request ids and what became of them, in the order in which it was known. */
  results: [requestId: string, UnitResult['account']][]
  behave(fault: Fault): void
  /** Pushes so many requests of one line, and gives their ids. */
  push(count: number): string[]
}

function setUp(fault: Fault = sound, options: Partial<WriteQueueOptions> = {}): Setting {
  const store = faultyStore(memoryStore(), fault)
  const tallies = new TallyBook({ createId: () => 'instance', capacity: 100, onDropped() {} })
  const results: Setting['results'] = []
  const queue = new WriteQueue({
    store,
    tallies,
    size: 200,
    intervalMs: 3_600_000,
    maxPending: 10_000,
    retry: { attempts: 1, minMs: 1, maxMs: 1 },
    onFailure() {},
    ...options,
  })
  const push = (count: number): string[] =>
    Array.from({ length: count }, () => {
      const record = sampleRecord()
      queue.push({ records: [record], done: ({ account }) => results.push([record.requestId, account]) })
      return record.requestId
    })
  return { queue, tallies, attempts: store.attempts, results, behave: store.behave, push }
}

const accountsOf = ({ results }: Setting): string[] => results.map(([, account]) => account)
const sizesOf = ({ attempts }: Setting): number[] => attempts.map(({ records }) => records.length)

describe('the queue', () => {
  it('is not put off from writing a full batch by what comes after it', async () => {
    const timers = vi.spyOn(globalThis, 'setTimeout')
    const setting = setUp(sound, { size: 2 })
    setting.push(2)
    const due = timers.mock.calls.length
    setting.push(50)
    expect(timers.mock.calls.length).toBe(due)
    timers.mockRestore()
    await setting.queue.flush()
  })

  it('writes in batches, in order, one at a time', async () => {
    let underWay = 0
    const setting = setUp(
      async (write) => {
        expect(++underWay).toBe(1)
        await new Promise((resolve) => setImmediate(resolve))
        underWay--
        return write()
      },
      { size: 10 },
    )
    const ids = setting.push(35)
    await setting.queue.flush()
    expect(sizesOf(setting)).toEqual([10, 10, 10, 5])
    expect(setting.results).toEqual(ids.map((id) => [id, 'recorded']))
  })

  it('lets what waits for the event loop run between two writes, also when the store answers at once', async () => {
    const order: string[] = []
    const setting = setUp(
      (write) => {
        order.push('write')
        setImmediate(() => order.push('turn'))
        return write()
      },
      { size: 1 },
    )
    setting.push(3)
    await setting.queue.flush()
    expect(order).toEqual(['write', 'turn', 'write', 'turn', 'write', 'turn'])
  })

  it('lets what waits for the event loop run between the parts of a batch that is split', async () => {
    const order: string[] = []
    const setting = setUp()
    const [culprit] = setting.push(4)
    const refuse = refusing([culprit as string])
    setting.behave((write, batch) => {
      order.push('write')
      setImmediate(() => order.push('turn'))
      return refuse(write, batch)
    })
    await setting.queue.flush()
    const parts = order.slice(order.indexOf('write') + 2)
    expect(parts.join(' ')).not.toContain('write write')
  })

  it('refuses what would exceed maxPending, and takes it again once there is room', async () => {
    const setting = setUp(sound, { maxPending: 2 })
    setting.push(2)
    expect(setting.queue.push({ records: [sampleRecord()], done() {} })).toBe(false)
    await setting.queue.flush()
    expect(setting.queue.push({ records: [sampleRecord()], done() {} })).toBe(true)
    await setting.queue.flush()
    expect(accountsOf(setting)).toEqual(['recorded', 'recorded'])
  })

  it('sends totals with the records, and alone when there are none', async () => {
    const setting = setUp()
    setting.tallies.count(setting.tallies.enter(Date.now()), '/chat', 'unrecorded', 'no_usage')
    setting.push(1)
    await setting.queue.flush()
    setting.tallies.count(setting.tallies.enter(Date.now()), '/chat', 'unrecorded', 'no_usage')
    await setting.queue.flush()
    expect(setting.attempts.map(({ records, tallies }) => [records.length, tallies[0]?.count])).toEqual([
      [1, 1],
      [0, 2],
    ])
  })
})

describe('the timing of writes', () => {
  afterEach(() => void vi.useRealTimers())

  function withFakeTimers(fault: Fault, options: Partial<WriteQueueOptions>): Setting {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] })
    return setUp(fault, options)
  }

  it('leaves a record at most the interval', async () => {
    const setting = withFakeTimers(sound, { intervalMs: 1_000 })
    setting.push(1)
    await vi.advanceTimersByTimeAsync(600)
    setting.push(1)
    await vi.advanceTimersByTimeAsync(399)
    expect(setting.attempts).toHaveLength(0)
    await vi.advanceTimersByTimeAsync(1)
    expect(sizesOf(setting)).toEqual([2])
  })

  it('does not leave a full batch until the interval is over', async () => {
    const setting = withFakeTimers(sound, { intervalMs: 1_000, size: 5 })
    setting.push(5)
    await vi.advanceTimersByTimeAsync(0)
    expect(sizesOf(setting)).toEqual([5])
  })

  it('backs off longer with each attempt, at most maxMs, and between half and all of it', async () => {
    const retry: RetryOptions = { attempts: 8, minMs: 100, maxMs: 1_000 }
    const times: number[] = []
    const setting = withFakeTimers(
      (write, batch) => {
        times.push(Date.now())
        return failing(write, batch)
      },
      { retry },
    )
    setting.push(1)
    const flushed = setting.queue.flush()
    await vi.advanceTimersByTimeAsync(20_000)
    await flushed
    const waits = times.slice(1).map((time, index) => time - (times[index] as number))
    const longest = [100, 200, 400, 800, 1_000, 1_000, 1_000]
    expect(waits).toHaveLength(longest.length)
    waits.forEach((wait, index) => {
      expect(wait).toBeGreaterThanOrEqual((longest[index] as number) / 2 - 1)
      expect(wait).toBeLessThanOrEqual((longest[index] as number) + 1)
    })
    expect(accountsOf(setting)).toEqual(['failed'])
  })

  it('tries totals again after the interval when their write has failed', async () => {
    const setting = withFakeTimers(inTurn(failing), { intervalMs: 1_000 })
    setting.tallies.count(setting.tallies.enter(Date.now()), '/chat', 'unrecorded', 'no_usage')
    setting.queue.schedule()
    await vi.advanceTimersByTimeAsync(1_000)
    expect(setting.tallies.hasUnsent).toBe(true)
    await vi.advanceTimersByTimeAsync(1_100)
    expect(setting.tallies.hasUnsent).toBe(false)
    expect(setting.attempts).toHaveLength(2)
  })
})

describe('a batch that fails', () => {
  it('is retried whole as often as told, then split', async () => {
    const setting = setUp(failing, { retry: { attempts: 4, minMs: 1, maxMs: 1 } })
    setting.push(8)
    await setting.queue.flush()
    expect(sizesOf(setting).slice(0, 5)).toEqual([8, 8, 8, 8, 4])
  })

  it('is split at once when the store refuses it', async () => {
    const setting = setUp(sound, { retry: { attempts: 4, minMs: 1, maxMs: 1 } })
    const ids = setting.push(8)
    setting.behave(refusing([ids[0] as string]))
    await setting.queue.flush()
    expect(sizesOf(setting)).toEqual([8, 4, 2, 1, 1, 2, 4])
    expect(setting.results.filter(([, account]) => account === 'failed')).toEqual([[ids[0], 'failed']])
  })

  it.each([
    [2, 2],
    [3, 4],
    [8, 6],
    [200, 16],
  ])('of %i requests is given up after %i failures in a row', async (count, failures) => {
    const setting = setUp(failing)
    setting.push(count)
    await setting.queue.flush()
    const parts = setting.attempts.slice(1).filter(({ records }) => records.length > 0)
    expect(parts).toHaveLength(failures)
    expect(accountsOf(setting)).toEqual(Array.from({ length: count }, () => 'failed'))
  })

  it('starts to count failures anew when a part is stored', async () => {
    const setting = setUp()
    const ids = setting.push(64)
    const culprits = [0, 21, 42, 63].map((index) => ids[index] as string)
    setting.behave(chokingOn(culprits))
    await setting.queue.flush()
    expect(setting.results.filter(([, account]) => account === 'failed').map(([id]) => id)).toEqual(culprits)
  })

  it('loses only what is refused when the store is busy while it is split', async () => {
    const setting = setUp(sound, { retry: { attempts: 3, minMs: 1, maxMs: 1 } })
    const ids = setting.push(16)
    const refuse = refusing([ids[6] as string])
    let attempt = 0
    setting.behave((write, batch) => (attempt++ % 2 === 1 ? failing(write, batch) : refuse(write, batch)))
    await setting.queue.flush()
    expect(setting.results.filter(([, account]) => account === 'failed')).toEqual([[ids[6], 'failed']])
    expect(setting.results).toHaveLength(16)
  })

  it('tells each of its requests exactly once what became of it', async () => {
    const setting = setUp()
    const ids = setting.push(50)
    setting.behave(refusing(ids.filter((_, index) => index % 7 === 0)))
    await setting.queue.flush()
    expect(setting.results.map(([id]) => id).toSorted()).toEqual(ids.toSorted())
  })
})

describe('a queue where every request writes alone', () => {
  afterEach(() => void vi.useRealTimers())

  /** Writes of the first request never come back: its platform has stopped it. */
  const stoppedOnce = (): Fault => {
    let writes = 0
    return (write) => (++writes === 1 ? new Promise(() => {}) : write())
  }

  it('writes at once, and waits for nothing that another has begun', async () => {
    const setting = setUp(stoppedOnce(), { alone: true })
    const [, second] = [setting.push(1), setting.push(1)]
    expect(sizesOf(setting)).toEqual([1, 1])
    await settled()
    expect(setting.results).toEqual([[second?.[0], 'recorded']])
  })

  it('leaves what was stopped to a request that comes half a minute later', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    const setting = setUp(stoppedOnce(), { alone: true })
    const [stopped] = setting.push(1)
    vi.advanceTimersByTime(29_999)
    const [early] = setting.push(1)
    vi.advanceTimersByTime(1)
    const [late] = setting.push(1)
    expect(sizesOf(setting)).toEqual([1, 1, 2])
    await settled()
    expect(setting.results.map(([id]) => id)).toEqual([early, late, stopped])
    expect(setting.queue.pending).toBe(0)
  })

  it('takes over no more than a batch at once, the longest begun first, and again only when that was stopped too', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    let stopping = true
    const setting = setUp((write) => (stopping ? new Promise(() => {}) : write()), { alone: true, size: 2 })
    const left = setting.push(3)
    vi.advanceTimersByTime(30_000)
    stopping = false
    setting.push(1)
    setting.push(1)
    await settled()
    expect(sizesOf(setting)).toEqual([1, 1, 1, 3, 2])
    expect(
      setting.attempts
        .at(-2)
        ?.records.slice(1)
        .map(({ requestId }) => requestId),
    ).toEqual(left.slice(0, 2))
    expect(accountsOf(setting)).toEqual(['recorded', 'recorded', 'recorded', 'recorded', 'recorded'])
  })

  it('takes over no more records than a batch has, of requests of several lines too, and flushes them all', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    let stopping = true
    const setting = setUp((write) => (stopping ? new Promise(() => {}) : write()), { alone: true, size: 4 })
    for (const requestId of ['a', 'b', 'c']) {
      const records = [0, 1, 2].map((line) => ({ ...sampleRecord(), requestId, line }))
      setting.queue.push({ records, done: ({ account }) => setting.results.push([requestId, account]) })
    }
    vi.advanceTimersByTime(30_000)
    stopping = false
    setting.push(1)
    await settled()
    expect(sizesOf(setting)).toEqual([3, 3, 3, 4])
    await setting.queue.flush()
    expect(sizesOf(setting)).toEqual([3, 3, 3, 4, 3, 3])
    expect(accountsOf(setting)).toEqual(['recorded', 'recorded', 'recorded', 'recorded'])
  })

  it('flushes also what others have under way, and each is counted once', async () => {
    const setting = setUp(stoppedOnce(), { alone: true, size: 2 })
    const ids = setting.push(5)
    await setting.queue.flush()
    expect(setting.results.map(([id]) => id).toSorted()).toEqual(ids.toSorted())
    expect(new Set(accountsOf(setting))).toEqual(new Set(['recorded']))
  })

  it('brings totals at once, those of a stopped request too, and says when', async () => {
    const setting = setUp(stoppedOnce(), { alone: true })
    setting.tallies.count(0, '/chat', 'unrecorded', 'no_usage')
    void setting.queue.schedule()
    setting.tallies.count(0, '/chat', 'unrecorded', 'no_usage')
    await setting.queue.schedule()
    expect(setting.attempts.map(({ tallies }) => tallies[0]?.count)).toEqual([1, 2])
    expect(setting.tallies.hasUnsent).toBe(false)
  })

  it('reports where there are no timers, and leaves what it has to the next', async () => {
    const onFailure = vi.fn()
    const setting = setUp(failing, { alone: true, onFailure, retry: { attempts: 2, minMs: 1, maxMs: 1 } })
    const timers = vi.spyOn(globalThis, 'setTimeout').mockImplementation(() => {
      throw new Error('outside of a request')
    })
    setting.push(1)
    await settled()
    timers.mockRestore()
    expect(onFailure.mock.lastCall?.[0]).toMatchObject({ message: 'outside of a request' })
    setting.behave(sound)
    await setting.queue.flush()
    expect(accountsOf(setting)).toEqual(['recorded'])
  })
})
