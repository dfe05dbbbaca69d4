import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { builtInFormats } from '../../src/formats/built-in.ts'
import { wireBodiesOfFixtures } from '../hostile/mutations.ts'
import { readBody } from './body.ts'

/** The same formats, which see every event. They are asked before the built-in ones. */
const unwatching = builtInFormats.map(({ watch: _, ...format }) => format)

const streams = wireBodiesOfFixtures().filter(({ file }) => /\.(sse|ndjson)$/.test(file))
const pieces = streams.flatMap((stream) => stream.pieces.map(({ text }) => text))
const strange = [
  'event: error\ndata: {"message":"no"}\n\n',
  'data: {"type":"error","error":{"type":"overloaded_error"}}\n\n',
  'data: [DONE]\n\n',
  ': ping\n\n',
  'data: {"us\\u0061ge":{"prompt_tokens":5,"completion_tokens":6},"choices":[]}\n\n',
  'data: {"usage" : {"prompt_tokens":5,"completion_tokens":6},"choices":[]}\n\n',
  'data: {"usage":\ndata: {"prompt_tokens":5,"completion_tokens":6},"choices":[]}\n\n',
  'data: {"usage":nullx}\n\n',
  '{"done":true,"model":"m","response":"","eval_count":5}\n',
]

/** Ways to write the same JSON. */
const respell = fc.constantFrom<(text: string) => string>(
  (text) => text,
  (text) => text.replaceAll(/":/g, '": '),
  (text) => text.replaceAll(/,"/g, ', "'),
  (text) => text.replaceAll('\n', '\r\n'),
  (text) => text.replaceAll('"usage"', '"us\\u0061ge"'),
  (text) => text.replaceAll('"usage":', '"usage"\t:'),
  (text) => text.replaceAll('null', '0'),
  (text) => text.replaceAll('"default"', '"priority"'),
)

/** Values that look like something, or end where nobody would think. */
const VALUES = ['usage', 'error', '[DONE]', '\\\\', 'a\\"usage\\":{', '\\u0075sage', 'é', '', 'word '.repeat(20)]
const NUMBERS = ['0', '1', '17', '2.5', '-3', '1e3']

/** The same event with other values: what it told it may tell no more, or tell now. */
const revalue = fc.array(fc.nat(), { minLength: 1, maxLength: 8 }).map((picks) => (text: string) => {
  let picked = 0
  const pick = (values: readonly string[]) =>
    values[(picks[picked++ % picks.length] as number) % values.length] as string
  return text.replaceAll(/: ?(?:"[a-z ]*"|\d+)(?=[,}])/gi, (value) =>
    value.endsWith('"') ? `:"${pick(VALUES)}"` : `:${pick(NUMBERS)}`,
  )
})

const body = fc
  .record({
    stream: fc.constantFrom(...streams),
    order: fc.array(fc.nat(), { maxLength: 12 }),
    others: fc.array(fc.constantFrom(...pieces, ...strange), { maxLength: 4 }),
    respell,
    revalues: fc.array(revalue, { maxLength: 4 }),
  })
  .map(({ stream, order, others, respell: spelled, revalues }) => {
    const own = stream.pieces.map(({ text }) => text)
    const again = order
      .map((index) => own[index % own.length] as string)
      .flatMap((text) => [text, ...revalues.map((valued) => valued(text))])
    return { contentType: stream.contentType, chunks: [...own.slice(0, 3), ...again, ...others, ...own].map(spelled) }
  })

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

describe('looking before parsing', () => {
  it('does not change what is read', () => {
    fc.assert(
      fc.property(body, ({ contentType, chunks }) => {
        const expected = readBody(chunks.join(''), { contentType, formats: unwatching })
        expect(readBody(chunks.join(''), { contentType })).toEqual(expected)
        expect(readBody(chunks.map(bytes), { contentType })).toEqual(expected)
      }),
      { numRuns: 3000 },
    )
  })

  const event = (content: string, rest = {}) =>
    `data: ${JSON.stringify({ object: 'chat.completion.chunk', choices: [{ index: 0, delta: { content } }], type: 'x', service_tier: 'default', ...rest })}\n\n`
  const dull = ['Many', ' words', ' tell', ' nothing'].map((word) =>
    event(word, { type: word, object: `${word} piece` }),
  )
  const usage = 'data: {"choices":[],"usage":{"prompt_tokens":5,"completion_tokens":6}}\n\n'

  it.each([
    ['another tier', { service_tier: 'priority' }, { lines: [expect.objectContaining({ serviceTier: 'priority' })] }],
    ['the type of an error', { type: 'error' }, { interrupted: true }],
    ['the object of an error', { object: 'error' }, { interrupted: true }],
    ['nothing new', {}, { interrupted: false, lines: [expect.objectContaining({ serviceTier: 'default' })] }],
  ])('sees %s in an event that is like those before', (_, rest, seen) => {
    const reading = readBody([...dull, event(' more', rest), usage].map(bytes), { contentType: 'text/event-stream' })
    expect(reading).toMatchObject(seen)
  })
})
