import { describe, expect, it } from 'vitest'
import { fixedParts, Shape, Shapes } from '../../src/meter/shape.ts'

const FIXED = new Set(['usage', 'type'])

const chunk = (text: string, n = 0, rest = '') =>
  `event: piece\ndata: {"type":"delta","n":${n},"delta":{"text": "${text}"},"usage":null${rest}}\n\n`

function shapeOf(text: string): Shape | null {
  const fixed = fixedParts(text, FIXED)
  return fixed && new Shape(fixed)
}

/** How much of a text is of the shape of another; -1 when it begins otherwise. */
const endIn = (known: string, text: string, from = 0): number | undefined => shapeOf(known)?.endOf(text, from)

describe('the shape of events', () => {
  it('has those that differ in values only', () => {
    for (const text of [
      chunk('Hi'),
      chunk(''),
      chunk('x'.repeat(300_000), 7e9),
      chunk('\\"}\\n\\\\', 3),
      chunk('\\"'.repeat(100_000)),
      chunk('usage'),
      chunk('é \ud83d\ude00 \ufffd', -1.5),
    ])
      expect(endIn(chunk('Hi'), text)).toBe(text.length)
  })

  it('ends where events of another shape begin, or other text', () => {
    const alike = chunk('one') + chunk('three')
    const text = `${alike}${chunk('x', 0, ',"more":1')}${alike}`
    expect(endIn(chunk('Hi'), text)).toBe(alike.length)
    expect(endIn(chunk('Hi'), text, chunk('one').length)).toBe(alike.length)
    expect(endIn(chunk('Hi'), text, alike.length)).toBe(-1)
    expect(endIn(chunk('Hi'), text, text.length - alike.length)).toBe(text.length)
    expect(endIn(chunk('Hi'), alike + chunk('cut').slice(0, -1))).toBe(alike.length)
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
    expect(endIn(chunk('Hi'), text)).toBe(-1)
  })

  it('is none of what is no JSON, is long, or has many values', () => {
    expect(shapeOf('data: {"a":"b}\n\n')).toBeNull()
    expect(shapeOf('data: {"a":"b\n"}\n\n')).toBeNull()
    expect(shapeOf(chunk('x'.repeat(2048)))).toBeNull()
    expect(shapeOf(chunk('x', 0, ',"n":1'.repeat(30)))).not.toBeNull()
    expect(shapeOf(chunk('x', 0, ',"n":1'.repeat(31)))).toBeNull()
  })

  it('takes no key with an escape for another', () => {
    const escaped = (value: number) => `data: {"\\u0075sage":${value}}\n\n`
    expect(endIn(escaped(1), escaped(1))).toBe(escaped(1).length)
    expect(endIn(escaped(1), escaped(2))).toBe(-1)
  })

  it('holds nothing that was said', () => {
    const fixed = fixedParts(chunk('a secret', 31337), FIXED)
    expect(JSON.stringify(fixed)).not.toMatch(/secret|31337/)
  })

  it.each([
    ['a text in a list', 'data: {"said":["a secret"]}\n\n'],
    ['a number in a list', 'data: {"bytes":[115,101]}\n\n'],
    ['a text after more than one space', 'data: {"said":  "a secret"}\n\n'],
    ['a number after a space before the colon', 'data: {"said" :5}\n\n'],
    ['words outside JSON', 'data: a secret\n\n'],
    ['a comment', ': a secret\n\n'],
    ['words before JSON', 'data: secretly {"a":1}\n\n'],
    ['words after JSON', 'data: {"a":1} secretly\n\n'],
  ])('is none of an event with %s', (_, text) => {
    expect(shapeOf(text)).toBeNull()
  })

  it('is none of texts that do not end', () => {
    expect(shapeOf(`data: {"a":${'"\\"'.repeat(600)}`)).toBeNull()
    expect(shapeOf(`data: ${'{ true, '.repeat(250)}x`)).toBeNull()
  })
})

describe('shapes', () => {
  const keyed = (n: number): string => `data: {"key${n}":1}\n\n`

  it('are found by any event of theirs', () => {
    const shapes = new Shapes()
    expect(shapes.find(keyed(1), 0)).toBeNull()
    for (const n of [1, 2, 2]) shapes.add(shapeOf(keyed(n)) as Shape)
    expect(shapes.find(keyed(2), 0)?.shape.name).toBe(shapeOf(keyed(2))?.name)
    expect(shapes.find(keyed(3) + keyed(1), keyed(3).length)?.shape.name).toBe(shapeOf(keyed(1))?.name)
  })

  it('are eight: the oldest leaves', () => {
    const shapes = new Shapes()
    for (let n = 0; n < 9; n++) shapes.add(shapeOf(keyed(n)) as Shape)
    expect([0, 1, 8].map((n) => shapes.find(keyed(n), 0) !== null)).toEqual([false, true, true])
  })

  it('are sixty-four in a process, whatever is looked for', () => {
    const watches = Array.from({ length: 20 }, () => new Shapes())
    for (const shapes of watches) for (let n = 0; n < 8; n++) shapes.add(shapeOf(keyed(n)) as Shape)
    const kept = watches.map((shapes) => [0, 1, 2, 3, 4, 5, 6, 7].filter((n) => shapes.find(keyed(n), 0)).length)
    expect(kept).toEqual([...Array<number>(12).fill(0), ...Array<number>(8).fill(8)])
  })
})
