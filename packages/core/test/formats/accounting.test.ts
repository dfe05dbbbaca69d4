import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { NO_COUNTS, settleCounts, type TokenCounts } from '../../src/formats/accounting.ts'
import { SUBSETS, TOKEN_FIELDS } from '../../src/record.ts'

const settle = (counts: Partial<TokenCounts>, generates = false) =>
  settleCounts({ ...NO_COUNTS, ...counts }, { generates })

describe('the accounting identity', () => {
  it('takes counts as sent when they add up', () => {
    const counts = { inputTokens: 10, outputTokens: 5, totalTokens: 15, cacheReadTokens: 10, reasoningTokens: 5 }
    expect(settle(counts)).toMatchObject({ ...counts, consistent: true })
  })

  it('finds cache and reasoning outside at once', () => {
    const counts = { inputTokens: 10, outputTokens: 5, totalTokens: 165, cacheReadTokens: 100, reasoningTokens: 50 }
    expect(settle(counts)).toMatchObject({ inputTokens: 110, outputTokens: 55, totalTokens: 165, consistent: true })
  })

  it('finds a cache write outside alone, and a cache read beside audio', () => {
    const written = { inputTokens: 110, outputTokens: 5, totalTokens: 165, cacheReadTokens: 100, cacheWriteTokens: 50 }
    expect(settle(written, true)).toMatchObject({ inputTokens: 160, outputTokens: 5, consistent: true })
    const heard = { inputTokens: 10, outputTokens: 5, totalTokens: 45, cacheReadTokens: 20, inputAudioTokens: 10 }
    expect(settle(heard, true)).toMatchObject({ inputTokens: 40, outputTokens: 5, consistent: true })
  })

  it('lets the total tell of reasoning where more was cached than sent, which no total can meet', () => {
    const sent = { inputTokens: 325, outputTokens: 2, totalTokens: 667, cacheReadTokens: 417, reasoningTokens: 340 }
    expect(settle(sent, true)).toMatchObject({ inputTokens: 742, outputTokens: 342, consistent: false })
    expect(settle({ ...sent, totalTokens: 327 }, true)).toMatchObject({ outputTokens: 2, consistent: false })
  })

  it('sums what is known when no total was sent', () => {
    expect(settle({ inputTokens: 10, outputTokens: 5 })).toMatchObject({ totalTokens: 15, consistent: true })
    expect(settle({ inputTokens: 10 })).toMatchObject({ totalTokens: 10, outputTokens: null })
    expect(settle({})).toMatchObject({ totalTokens: null, consistent: true })
  })

  it('asks the total of nothing while a part is unknown: that may be all of the difference', () => {
    expect(settle({ outputTokens: 18, reasoningTokens: 17, totalTokens: 35 })).toMatchObject({
      inputTokens: null,
      outputTokens: 18,
      consistent: false,
    })
    expect(settle({ inputTokens: 10, cacheReadTokens: 5, totalTokens: 15 })).toMatchObject({
      inputTokens: 10,
      outputTokens: null,
      consistent: false,
    })
  })

  it('adds nothing to the sums of a provider of which the other readings are known', () => {
    const sent = { ...NO_COUNTS, inputTokens: 10, outputTokens: 192, reasoningTokens: 192, totalTokens: 394 }
    expect(settleCounts(sent, { otherwise: [] })).toMatchObject({ outputTokens: 192, consistent: false })
  })

  it('flags a total that no reading meets, and changes nothing', () => {
    const counts = { inputTokens: 10, outputTokens: 5, totalTokens: 14, cacheReadTokens: 3 }
    expect(settle(counts, true)).toMatchObject({ ...counts, consistent: false })
  })

  it('flags more reasoning than output, and does not add it without a total that says so', () => {
    expect(settle({ inputTokens: 10, outputTokens: 5, reasoningTokens: 6 })).toMatchObject({
      outputTokens: 5,
      totalTokens: 15,
      consistent: false,
    })
  })

  it('calls what only the total shows output where text is generated, and nowhere else', () => {
    const counts = { inputTokens: 10, outputTokens: 0, totalTokens: 50 }
    expect(settle(counts, true)).toMatchObject({ outputTokens: 40, consistent: true })
    expect(settle(counts)).toMatchObject({ outputTokens: 0, consistent: false })
    expect(settle({ ...counts, reasoningTokens: 0 }, true)).toMatchObject({ outputTokens: 0, consistent: false })
  })

  it('takes another reading that a format knows of only when the total says so', () => {
    const settleWith = (totalTokens: number | null) => {
      const sent = { ...NO_COUNTS, inputTokens: 10, outputTokens: 70, reasoningTokens: 20, totalTokens }
      return settleCounts(sent, { otherwise: [{ ...sent, outputTokens: 50 }] })
    }
    expect(settleWith(60)).toMatchObject({ outputTokens: 50, totalTokens: 60, consistent: true })
    for (const total of [80, null]) expect(settleWith(total)).toMatchObject({ outputTokens: 70, consistent: true })
    expect(settleWith(61)).toMatchObject({ outputTokens: 70, totalTokens: 61, consistent: false })
  })

  it('knows of a garbled object what all readings say, and nothing else', () => {
    const sent = { ...NO_COUNTS, inputTokens: 10, outputTokens: 70, reasoningTokens: 20 }
    const options = { garbled: true, otherwise: [{ ...sent, outputTokens: 50 }] }
    const known = { inputTokens: 10, outputTokens: null, reasoningTokens: 20, totalTokens: null, consistent: false }
    expect(settleCounts(sent, options)).toMatchObject(known)
    expect(settleCounts(sent, { garbled: true })).toMatchObject({ outputTokens: 70, totalTokens: 80 })
  })

  it('does not turn an unknown count into a known one', () => {
    const counts = { totalTokens: 50, cacheReadTokens: 20, reasoningTokens: 30 }
    expect(settle(counts, true)).toMatchObject({ inputTokens: null, outputTokens: null, totalTokens: 50 })
  })

  it('holds for all counts: what it calls consistent adds up, and no sent total is changed', () => {
    const count = fc.option(fc.oneof(fc.nat({ max: 40 }), fc.constant(Number.MAX_SAFE_INTEGER)))
    const counts = fc.record(Object.fromEntries(TOKEN_FIELDS.map((field) => [field, count])))
    fc.assert(
      fc.property(counts, fc.boolean(), (sent, generates) => {
        const settled = settleCounts(sent as TokenCounts, { generates })
        if (sent.totalTokens !== null) expect(settled.totalTokens).toBe(sent.totalTokens)
        for (const field of TOKEN_FIELDS)
          expect(settled[field] === null || Number.isSafeInteger(settled[field])).toBe(true)
        if (!settled.consistent) return
        const { inputTokens, outputTokens, totalTokens } = settled
        if (inputTokens !== null && outputTokens !== null) expect(inputTokens + outputTokens).toBe(totalTokens)
        for (const [subset, total] of SUBSETS) {
          expect((settled[subset] ?? 0) <= (settled[total] ?? Number.POSITIVE_INFINITY)).toBe(true)
        }
      }),
    )
  })
})
