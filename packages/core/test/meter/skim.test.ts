import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createSkimmer } from '../../src/meter/skim.ts'
import { bytesOf } from './body.ts'

function skim(text: string, cuts: readonly number[] = [text.length]): string {
  const bytes = bytesOf(text)
  const pieces: Uint8Array[] = []
  const skimmer = createSkimmer((piece) => pieces.push(piece.slice()))
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const size = cuts[turn % cuts.length] as number
    skimmer.write(bytes.slice(at, at + size))
    at += size
  }
  return new TextDecoder().decode(Buffer.concat(pieces))
}

/** What is left of a value: long texts cut, long rows of numbers too. */
function bulkless(value: unknown): unknown {
  if (typeof value === 'string') return value.length > 100 ? '…' : value
  if (Array.isArray(value))
    return value.some((entry) => typeof entry !== 'number') ? value.map(bulkless) : firsts(value)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, bulkless(entry)]))
}

const firsts = (numbers: readonly number[]): readonly number[] => numbers.slice(0, 16)

const long = fc
  .tuple(
    fc.constantFrom('x', '\\', '"', '\\"', 'é', '\n', '\u0001', '🍎', '{}[],:'),
    fc.integer({ min: 1100, max: 1300 }),
  )
  .map(([piece, length]) => piece.repeat(length))
const short = fc.string({ unit: 'binary', maxLength: 20 })
const numbers = fc.array(fc.double({ noNaN: true, noDefaultInfinity: true }), { maxLength: 60 })
const { value } = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom(null, true, false, 0, 7, -1.5e-9),
    short,
    long,
    numbers,
    fc.array(tie('value'), { maxLength: 6 }),
    fc.dictionary(fc.string({ maxLength: 8 }), tie('value'), { maxKeys: 6 }),
  ),
}))
const document = fc.oneof(fc.array(value), fc.dictionary(fc.string({ maxLength: 8 }), value))

describe('what is left of a document', () => {
  it('is the document without long texts and long rows of numbers, however it is cut and spaced', () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 8 })
    fc.assert(
      fc.property(document, fc.constantFrom(0, 1, 2, 30), sizes, (body, indent, cuts) => {
        const text = JSON.stringify(body, null, ' '.repeat(indent).slice(0, 10))
        expect(bulkless(JSON.parse(skim(text, cuts)))).toEqual(bulkless(JSON.parse(text)))
        expect(skim(text, cuts)).toBe(skim(text))
      }),
      { numRuns: 1000 },
    )
  })

  it('is the document itself when it is small', () => {
    const text = JSON.stringify({ a: [1, 2, { b: 'c' }], usage: { prompt_tokens: 5, cost: 1.5e-3 }, d: [true, null] })
    expect(skim(text)).toBe(text)
  })

  it('parts what follows a long row from it', () => {
    const row = Array.from({ length: 40 }, (_, index) => index)
    expect(JSON.parse(skim(JSON.stringify([...row, { a: 1 }, ...row, 'x', 2])))).toEqual([
      ...row.slice(0, 16),
      { a: 1 },
      ...row.slice(0, 15),
      'x',
      2,
    ])
  })

  it('has no white space after the end', () => {
    expect(skim(`  {"a":1}${' \n'.repeat(500)}`)).toBe('{"a":1}')
  })

  it('does not make JSON of what is none', () => {
    for (const text of ['{"a":1', '{"a":"x', '[1,2', `["${'x'.repeat(2000)}`, '{"a":1}}', '{"a":1}{"b":2}'])
      expect(() => JSON.parse(skim(text))).toThrow()
  })
})
