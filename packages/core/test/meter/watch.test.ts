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

const body = fc
  .record({
    stream: fc.constantFrom(...streams),
    order: fc.array(fc.nat(), { maxLength: 12 }),
    others: fc.array(fc.constantFrom(...pieces, ...strange), { maxLength: 4 }),
    respell,
  })
  .map(({ stream, order, others, respell: spelled }) => {
    const own = stream.pieces.map(({ text }) => text)
    const again = order.map((index) => own[index % own.length] as string)
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
})
