import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { derivedId, uuidv7 } from '../src/ids.ts'

const UUIDV7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/
/** The instants that the 48 bits of a UUIDv7 and a `Date` can both hold. */
const instant = fc.integer({ min: 0, max: 2 ** 48 - 1 })
const timeOf = (id: string): number => Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16)

describe('uuidv7()', () => {
  it('has the layout of RFC 9562, with the instant in its first 48 bits', () => {
    fc.assert(
      fc.property(instant, (time) => {
        const id = uuidv7(time)
        expect(id).toMatch(UUIDV7)
        expect(timeOf(id)).toBe(time)
      }),
    )
  })

  it('orders as the instants do', () => {
    fc.assert(
      fc.property(instant, instant, (one, other) => {
        fc.pre(one < other)
        expect(uuidv7(one) < uuidv7(other)).toBe(true)
      }),
    )
  })

  it('is another one each time, 100,000 times in one millisecond', () => {
    const ids = new Set<string>()
    for (let made = 0; made < 100_000; made++) ids.add(uuidv7(1_773_144_000_000))
    expect(ids.size).toBe(100_000)
  })

  it('uses every one of its random bits', () => {
    const ones = new Map<number, number>()
    for (let made = 0; made < 2_000; made++)
      for (const bit of onesOf(uuidv7(0))) ones.set(bit, (ones.get(bit) ?? 0) + 1)
    const random = [...ones].filter(([, count]) => count < 2_000)
    expect(random).toHaveLength(74)
    for (const [, count] of random) expect(Math.abs(count - 1_000)).toBeLessThan(250)
  })
})

describe('derivedId()', () => {
  const time = 1_773_144_000_000

  it('is the same for the same result, line and instant, in every process', () => {
    expect(derivedId('openai-responses:resp_123', 0, time)).toBe('019cd79e-4600-7a36-9ae7-58347de307b6')
    expect(derivedId('openai-responses:resp_123', 0, time)).toBe(derivedId('openai-responses:resp_123', 0, time))
  })

  it('is a UUIDv7 of the instant, whatever the key', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), fc.nat(), instant, (key, line, at) => {
        const id = derivedId(key, line, at)
        expect(id).toMatch(UUIDV7)
        expect(timeOf(id)).toBe(at)
      }),
    )
  })

  it('is another one for another key or another line', () => {
    const ids = new Set<string>()
    for (let key = 0; key < 25_000; key++)
      for (let line = 0; line < 4; line++) ids.add(derivedId(`resp_${key}`, line, time))
    expect(ids.size).toBe(100_000)
  })

  it('does not take a line for a part of the key', () => {
    expect(derivedId('resp_1', 11, time)).not.toBe(derivedId('resp_1#1', 1, time))
    expect(derivedId('resp_1', 1, time)).not.toBe(derivedId('resp_11', 1, time))
    expect(derivedId('a#1', 2, time)).not.toBe(derivedId('a', 12, time))
  })

  it('spreads: one more character in the key changes about half of its 74 bits', () => {
    let changed = 0
    for (let key = 0; key < 500; key++) {
      const one = onesOf(derivedId(`resp_${key}`, 0, time))
      const other = onesOf(derivedId(`resp_${key}x`, 0, time))
      changed += [...one, ...other].filter((bit) => one.includes(bit) !== other.includes(bit)).length
    }
    expect(changed / 500).toBeGreaterThan(30)
    expect(changed / 500).toBeLessThan(44)
  })
})

/** Positions of the one bits, from the left. */
function onesOf(id: string): number[] {
  const bits = [...id.replaceAll('-', '')]
    .map((digit) => Number.parseInt(digit, 16).toString(2).padStart(4, '0'))
    .join('')
  return [...bits].flatMap((bit, at) => (bit === '1' ? [at] : []))
}
