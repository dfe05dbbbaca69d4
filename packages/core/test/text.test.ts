import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { cleanText, TEXT_LIMITS } from '../src/text.ts'

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be left.
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/

describe('cleanText()', () => {
  it('leaves ordinary text as it is, in every script', () => {
    for (const text of ['gpt-4o-mini', ' two words ', 'Zoë', '模型-7b', '🦙 llama', '<b>&amp;</b>'])
      expect(cleanText(text, TEXT_LIMITS.model)).toBe(text)
  })

  it('is null for what is not text, or says nothing', () => {
    for (const value of [null, undefined, 42, {}, [], ['text'], Symbol('text'), '', '\u0000\u001b', '\n'])
      expect(cleanText(value, 10)).toBeNull()
  })

  it('takes out what would break a line, a log or a terminal', () => {
    expect(cleanText('a\r\nb\tc\u0000d\u001b[31me\u007ff\u0085g\u009bh\u2028i\u2029j', 100)).toBe('abcd[31mefghij')
  })

  it('cuts what is longer than its limit, and says so', () => {
    const onCut = vi.fn()
    expect(cleanText('abcde', 5, onCut)).toBe('abcde')
    expect(onCut).not.toHaveBeenCalled()
    expect(cleanText('abcdef', 5, onCut)).toBe('abcde')
    expect(onCut).toHaveBeenCalledOnce()
  })

  it('is text that any store can hold and any log can show, whatever comes in', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 60 }), fc.integer({ min: 1, max: 40 }), (text, limit) => {
        const clean = cleanText(text, limit)
        if (clean === null) return
        expect(clean.isWellFormed()).toBe(true)
        expect(clean).not.toMatch(CONTROL)
        expect(clean.length).toBeLessThanOrEqual(limit)
        expect(cleanText(clean, limit)).toBe(clean)
      }),
    )
  })

  it('leaves no half of a pair where it cuts', () => {
    expect(cleanText('ab🦙', 3)).toBe('ab\ufffd')
    expect(cleanText('\ud83e', 3)).toBe('\ufffd')
  })
})
