import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { TallyBook } from '../src/tallies.ts'
import type { Tally } from '../src/types.ts'

const QUARTER = 900_000
const NOON = Date.parse('2026-03-10T12:00:00Z')

/** A book and a store for its tallies that keeps the greater count under a key, as every store does. */
function setUp(capacity = 100) {
  const dropped: Tally[] = []
  const stored = new Map<string, number>()
  const createId = vi.fn(() => 'instance')
  const book = new TallyBook({ createId, capacity, onDropped: (tally) => dropped.push(tally) })

  function store(tallies: readonly Tally[]): void {
    for (const { instanceId, slot, endpoint, account, reason, count } of tallies) {
      const key = `${instanceId} ${slot.toISOString()} ${endpoint} ${account} ${reason}`
      stored.set(key, Math.max(stored.get(key) ?? 0, count))
    }
  }

  return {
    book,
    dropped,
    stored,
    createId,
    store,
    /** A whole request without a record. */
    count(startedAt: number, endpoint = '/chat', reason: Tally['reason'] = 'no_usage'): void {
      const slot = book.enter(startedAt)
      book.count(slot, endpoint, 'unrecorded', reason)
      book.leave(slot)
    },
    /** One write that the store acknowledges. */
    send(): Tally[] {
      const { tallies, acknowledge } = book.unsent()
      store(tallies)
      acknowledge()
      return tallies
    },
    total: () => [...stored.values()].reduce((sum, count) => sum + count, 0),
  }
}

beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'], now: NOON }))
afterEach(() => void vi.useRealTimers())

describe('totals', () => {
  it('are kept by the quarter of an hour in which a request began, by endpoint and by reason', () => {
    const { count, send } = setUp()
    vi.setSystemTime(NOON + QUARTER)
    count(NOON + QUARTER - 1)
    count(NOON)
    count(NOON + QUARTER)
    count(NOON, '/embeddings')
    count(NOON, '/chat', 'failed')
    expect(send().map(({ slot, endpoint, reason, count }) => [slot.getTime() - NOON, endpoint, reason, count])).toEqual(
      [
        [0, '/chat', 'no_usage', 2],
        [QUARTER, '/chat', 'no_usage', 1],
        [0, '/embeddings', 'no_usage', 1],
        [0, '/chat', 'failed', 1],
      ],
    )
  })

  it('are of one instance, whose id is made with the first of them', () => {
    const { book, count, send, createId } = setUp()
    book.enter(NOON)
    expect(createId).not.toHaveBeenCalled()
    count(NOON)
    count(NOON, '/embeddings')
    expect(new Set(send().map(({ instanceId }) => instanceId))).toEqual(new Set(['instance']))
    expect(createId).toHaveBeenCalledOnce()
  })

  it('are sent again until they are acknowledged, and grow meanwhile', () => {
    const { book, count, store, total } = setUp()
    count(NOON)
    expect(book.unsent().tallies).toMatchObject([{ count: 1 }])
    count(NOON)
    const { tallies, acknowledge } = book.unsent()
    expect(tallies).toMatchObject([{ count: 2 }])
    store(tallies)
    acknowledge()
    expect(book.hasUnsent).toBe(false)
    expect(total()).toBe(2)
  })

  it('do no harm when they arrive, are not acknowledged, and are sent again', () => {
    const { book, count, store, send, total } = setUp()
    count(NOON)
    store(book.unsent().tallies)
    store(book.unsent().tallies)
    count(NOON)
    send()
    expect(total()).toBe(2)
  })

  it('that grow while their write is under way are sent again', () => {
    const { book, count, store, send, total } = setUp()
    count(NOON)
    const { tallies, acknowledge } = book.unsent()
    count(NOON)
    store(tallies)
    acknowledge()
    expect(book.hasUnsent).toBe(true)
    send()
    expect(total()).toBe(2)
  })
})

describe('a quarter of an hour that is over', () => {
  it('leaves the book when its totals are acknowledged, and is not begun again', () => {
    const { count, send } = setUp()
    count(NOON)
    send()
    vi.setSystemTime(NOON + QUARTER)
    count(NOON + QUARTER)
    send()
    count(NOON)
    expect(send()).toMatchObject([{ slot: new Date(NOON + QUARTER), count: 2 }])
  })

  it('keeps the counts of a request that began in it and ends after it was acknowledged', () => {
    const { book, count, send, total } = setUp()
    const late = book.enter(NOON)
    count(NOON)
    count(NOON)
    send()
    vi.setSystemTime(NOON + 10 * QUARTER)
    count(NOON + 10 * QUARTER)
    send()
    book.count(late, '/chat', 'unrecorded', 'no_usage')
    book.leave(late)
    expect(send()).toMatchObject([{ slot: new Date(NOON), count: 3 }])
    expect(total()).toBe(4)
  })

  it('keeps a total that grew while its write was under way', () => {
    const { book, count, store, send, total } = setUp()
    count(NOON)
    const { tallies, acknowledge } = book.unsent()
    count(NOON)
    vi.setSystemTime(NOON + QUARTER)
    store(tallies)
    acknowledge()
    count(NOON)
    send()
    expect(total()).toBe(3)
  })

  it('keeps the counts of a request whose record was given up long after', () => {
    const { book, send, total } = setUp()
    const slot = book.enter(NOON)
    vi.setSystemTime(NOON + QUARTER)
    send()
    book.count(slot, '/chat', 'unrecorded', 'record_failed')
    book.leave(slot)
    send()
    expect(total()).toBe(1)
  })
})

describe('a clock that is wrong', () => {
  it('loses nothing when it steps back over a quarter that has left', () => {
    const { count, send, total } = setUp()
    vi.setSystemTime(NOON + 4 * QUARTER)
    count(NOON)
    count(NOON + QUARTER)
    send()
    vi.setSystemTime(NOON)
    count(NOON)
    count(NOON)
    send()
    expect(total()).toBe(4)
  })

  it.each([Number.NaN, Number.POSITIVE_INFINITY, 8.64e15, NOON + 365 * 96 * QUARTER])(
    'puts a request that says it began at %d where it is now',
    (startedAt) => {
      const { count, send } = setUp()
      count(startedAt)
      expect(send()).toMatchObject([{ slot: new Date(NOON), count: 1 }])
    },
  )
})

describe('the book', () => {
  it('counts new endpoints as other when it is full, and loses none', () => {
    const { count, send, dropped, total } = setUp(3)
    for (const endpoint of ['/a', '/b', '/c', '/d', '/e', '/a']) count(NOON, endpoint)
    expect(send().map(({ endpoint, count }) => [endpoint, count])).toEqual([
      ['/a', 2],
      ['/b', 1],
      ['/c', 1],
      ['other', 2],
    ])
    expect(total()).toBe(6)
    expect(dropped).toEqual([])
  })

  it('drops the oldest total at twice its capacity, and says so', () => {
    const { book, count, dropped } = setUp(1)
    vi.setSystemTime(NOON + 4 * QUARTER)
    for (let quarter = 0; quarter < 4; quarter++) count(NOON + quarter * QUARTER)
    expect(book.unsentCount).toBe(2)
    expect(dropped.map(({ slot }) => slot.getTime() - NOON)).toEqual([0, QUARTER])
  })

  it('never takes a dropped total up again where it would be smaller than the stored one', () => {
    const { book, count, send, total, dropped } = setUp(1)
    const open = book.enter(NOON)
    for (let request = 0; request < 5; request++) count(NOON)
    send()
    vi.setSystemTime(NOON + 4 * QUARTER)
    count(NOON + QUARTER)
    count(NOON + 2 * QUARTER)
    expect(dropped.map(({ count }) => count)).toEqual([5])
    count(NOON)
    book.leave(open)
    send()
    expect(total()).toBe(8)
  })

  it('gives its totals away in parts, each in its turn', () => {
    const { book, count, store, total } = setUp()
    for (let part = 0; part < 4; part++) {
      for (const endpoint of ['/a', '/b', '/c']) count(NOON, endpoint)
      const { tallies, acknowledge } = book.unsent(2)
      expect(tallies).toHaveLength(2)
      count(NOON, tallies[0]?.endpoint)
      store(tallies)
      acknowledge()
    }
    const { tallies, acknowledge } = book.unsent()
    store(tallies)
    acknowledge()
    expect(total()).toBe(16)
  })

  it('is empty again when the day is over and acknowledged', () => {
    const { book, count, send, dropped } = setUp(1_000)
    for (let quarter = 0; quarter < 960; quarter++) {
      vi.setSystemTime(NOON + quarter * QUARTER)
      count(NOON + quarter * QUARTER)
      count(NOON + quarter * QUARTER, '/embeddings')
      send()
    }
    expect(dropped).toEqual([])
    expect(book.hasUnsent).toBe(false)
  })

  it('loses no count, whatever is open, acknowledged, lost or late, and whatever the clock says', () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('enter' as const), ago: fc.nat({ max: 3 }) }),
      fc.record({ kind: fc.constant('end' as const), which: fc.nat(), counted: fc.boolean() }),
      fc.record({ kind: fc.constant('send' as const), arrives: fc.boolean(), acknowledged: fc.boolean() }),
      fc.record({ kind: fc.constant('clock' as const), quarters: fc.integer({ min: -3, max: 4 }) }),
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const { book, store, send, total } = setUp(1_000)
        let counted = 0
        let now = NOON
        const open: number[] = []
        const end = (slot: number, count: boolean): void => {
          if (count) book.count(slot, '/chat', 'unrecorded', 'no_usage')
          if (count) counted++
          book.leave(slot)
        }
        for (const step of steps) {
          vi.setSystemTime(now)
          if (step.kind === 'enter') open.push(book.enter(now - step.ago * QUARTER))
          else if (step.kind === 'clock') now += step.quarters * QUARTER
          else if (step.kind === 'end') {
            const [slot] = open.splice(step.which % (open.length || 1), 1)
            if (slot !== undefined) end(slot, step.counted)
          } else {
            const { tallies, acknowledge } = book.unsent()
            if (step.arrives || step.acknowledged) store(tallies)
            if (step.acknowledged) acknowledge()
          }
        }
        for (const slot of open) end(slot, true)
        send()
        expect(total()).toBe(counted)
      }),
      { seed: 96_936_951, numRuns: 500 },
    )
  })
})

describe('acknowledged()', () => {
  const settled = async (promise: Promise<void>): Promise<boolean> =>
    Promise.race([promise.then(() => true), new Promise<boolean>((resolve) => setImmediate(() => resolve(false)))])

  it('resolves at once when nothing is unsent, and else with the write that brings the totals', async () => {
    const { book, count, send } = setUp()
    await book.acknowledged()
    count(NOON)
    const waiting = book.acknowledged()
    book.unsent()
    expect(await settled(waiting)).toBe(false)
    send()
    expect(await settled(waiting)).toBe(true)
  })

  it('does not resolve with a write that began before the count', async () => {
    const { book, count, send } = setUp()
    count(NOON)
    const { acknowledge } = book.unsent()
    count(NOON)
    const waiting = book.acknowledged()
    acknowledge()
    expect(await settled(waiting)).toBe(false)
    send()
    expect(await settled(waiting)).toBe(true)
  })

  it('resolves with a write under way that brings all there is', async () => {
    const { book, count } = setUp()
    count(NOON)
    const { acknowledge } = book.unsent()
    const waiting = book.acknowledged()
    acknowledge()
    expect(await settled(waiting)).toBe(true)
  })

  it('resolves for everyone, now and later, once nothing will be sent any more', async () => {
    const { book, count } = setUp()
    count(NOON)
    const waiting = book.acknowledged()
    book.release()
    await waiting
    count(NOON)
    await book.acknowledged()
  })
})
