import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createLiteral } from '../../src/meter/literal.ts'
import { commonShape, type Shape, shapeOf } from '../../src/meter/shape.ts'
import { bytesOf } from './body.ts'

const FIXED = new Set(['usage', 'type'])

const chunk = (text: string, n = 0, rest = '') =>
  `event: piece\ndata: {"type":"delta","n":${n},"delta":{"text": "${text}"},"usage":null${rest}}\n\n`

/** The shape of all these texts. */
function shape(...texts: string[]): Shape | null {
  const shapes = texts.map((text) => shapeOf(text, FIXED))
  return shapes.reduce((one, other) => one && other && commonShape(one, other))
}

/** How much of a text is of that shape; -1 when it begins otherwise. */
const endIn = (texts: string[], text: string, from = 0): number | undefined =>
  shape(...texts)?.endOf(bytesOf(text), from)

describe('the shape of events', () => {
  it('has a text, and at first no other', () => {
    expect(endIn([chunk('Hi')], chunk('Hi'))).toBe(chunk('Hi').length)
    expect(endIn([chunk('Hi')], chunk('Ho'))).toBe(-1)
  })

  it('has those that differ in values only, once two have', () => {
    const texts = [chunk('Hi'), chunk('Ho', 1)]
    for (const text of [
      chunk(''),
      chunk('x'.repeat(3000), 7e9),
      chunk('\\"}\\n\\\\', 3),
      chunk('usage'),
      chunk('é', -1.5),
    ])
      expect(endIn(texts, text)).toBe(bytesOf(text).length)
  })

  it('ends where the text ends, whatever follows', () => {
    const texts = [chunk('Hi'), chunk('Ho')]
    const several = chunk('one') + chunk('three') + chunk('x', 0, ',"more":1')
    expect(endIn(texts, several)).toBe(chunk('one').length)
    expect(endIn(texts, several, chunk('one').length)).toBe((chunk('one') + chunk('three')).length)
    expect(endIn(texts, several, (chunk('one') + chunk('three')).length)).toBe(-1)
  })

  it.each([
    ['a value that is fixed', chunk('Hi').replace('"delta"', '"stop"')],
    ['another kind of value', chunk('Hi').replace('"n":0', '"n":"0"')],
    ['another kind of value for a text', chunk('Hi').replace('"Hi"', '5')],
    ['no value', chunk('Hi').replace('"n":0', '"n":')],
    ['another key', chunk('Hi').replace('"n"', '"m"')],
    ['a key more', chunk('Hi', 0, ',"more":1')],
    ['a value that ends its line', chunk('Hi\n\nevent: error\ndata: no')],
    ['an escape that ends its line', chunk('Hi\\\n')],
    ['a value without an end', chunk('Hi\\')],
    ['a text that ends before', chunk('Hi').slice(0, -1)],
    ['usage', chunk('Hi').replace('null', '{"n":1}')],
  ])('has no text with %s', (_, text) => {
    expect(endIn([chunk('Hi'), chunk('Ho', 1)], text)).toBe(-1)
  })

  it('is none of what is no JSON, or long', () => {
    expect(shapeOf('data: {"a":"b}\n\n', FIXED)).toBeNull()
    expect(shapeOf('data: {"a":"b\n"}\n\n', FIXED)).toBeNull()
    expect(shapeOf(chunk('x'.repeat(2048)), FIXED)).toBeNull()
  })

  it('is none in common of events with other keys, or with other values that are fixed', () => {
    expect(shape(chunk('Hi'), chunk('Hi', 0, ',"more":1'))).toBeNull()
    expect(shape(chunk('Hi'), chunk('Hi').replace('"delta"', '"stop"'))).toBeNull()
  })

  it('takes no key with an escape for another', () => {
    const escaped = (value: number) => `data: {"\\u0075sage":${value}}\n\n`
    expect(shape(escaped(1), escaped(2))).toBeNull()
  })
})

describe('a literal', () => {
  it('is where its bytes are', () => {
    const texts = fc.array(fc.constantFrom('a', 'b', 'é', '"'), { maxLength: 200 }).map((letters) => letters.join(''))
    fc.assert(
      fc.property(texts, texts, fc.nat(400), (text, around, at) => {
        const from = bytesOf(around.slice(0, at)).length
        const bytes = bytesOf(around.slice(0, at) + text + around)
        const wanted = bytesOf(text)
        const isThere = Buffer.from(bytes.subarray(from, from + wanted.length)).equals(wanted)
        expect(createLiteral(text).isAt(bytes, from)).toBe(isThere)
      }),
    )
    const long = 'x'.repeat(20_000)
    expect(createLiteral(long).isAt(bytesOf(` ${long}`), 1)).toBe(true)
    expect(createLiteral(`${long}y`).isAt(bytesOf(` ${long}x`), 1)).toBe(false)
  })
})
