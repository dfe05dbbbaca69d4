import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { WireEvent } from '../../src/formats/format.ts'
import { bytesOf, CHAT, readBody } from './body.ts'

/** One element of Gemini's stream. */
function element(output: number, finishReason?: string, text = 'Hi'): string {
  const candidates = [{ content: { parts: [{ text }] }, finishReason, index: 0 }]
  const usageMetadata = { promptTokenCount: 3, candidatesTokenCount: output, totalTokenCount: 3 + output }
  return JSON.stringify({ candidates, usageMetadata, modelVersion: 'gemini-2.5-flash' })
}

function arrayOf(...elements: string[]): string {
  return `[${elements.join('\n,\r\n')}\n]`
}

const LAST = element(9, 'STOP')

/** What a format of one's own is shown of a body. */
function eventsOf(body: string, arrays: boolean): WireEvent[] {
  const events: WireEvent[] = []
  const listener = {
    name: 'listener',
    operation: null,
    arrays,
    matches: () => true,
    start: () => null,
    read: (_seen: unknown, event: WireEvent) => events.push(event),
    finish: () => ({ model: null, responseId: null, lines: [], raw: null }),
  }
  readBody(body, { formats: [listener] })
  return events
}

describe('an array of events', () => {
  it('is read as its elements come, and is longer than any document may be', () => {
    const elements = Array.from({ length: 1000 }, (_, at) => element(at))
    const body = arrayOf(...elements, LAST)
    const bounds = { maxBodyBytes: 500, maxEventBytes: 500 }
    expect(body.length).toBeGreaterThan(100_000)
    expect(readBody(body, bounds)).toMatchObject({
      format: 'gemini-generate-content',
      streamed: true,
      reason: null,
      lines: [{ inputTokens: 3, outputTokens: 9, final: true }],
    })
  })

  it('is final when it has ended, whatever its events say, and not before', () => {
    expect(readBody(arrayOf(element(1), element(2))).lines).toMatchObject([{ outputTokens: 2, final: true }])
    expect(readBody(`[${element(1)},${element(2)}`).lines).toMatchObject([{ outputTokens: 2, final: false }])
    expect(readBody(`[${element(1)},${element(2).slice(0, -1)}`).lines).toMatchObject([{ outputTokens: 1 }])
  })

  it('may hold brackets, quotes and backslashes in its texts', () => {
    for (const text of ['[', ']', '{', '}', '"', '\\', '\\"]', '},{', `,${LAST}`, 'é🍎]']) {
      const body = arrayOf(element(1, undefined, text), element(2, 'STOP', text))
      expect(readBody(body).lines, text).toMatchObject([{ outputTokens: 2 }])
    }
  })

  it('loses an element that is no JSON, and what is no object, and reads on', () => {
    expect(readBody(arrayOf(element(1), '{"candidates":nope}', LAST)).lines).toMatchObject([{ outputTokens: 9 }])
    expect(readBody(arrayOf(element(1), '7', '"]"', 'null', '[[7]]', LAST)).lines).toMatchObject([{ outputTokens: 9 }])
  })

  it('has not ended when an element does not', () => {
    expect(readBody(arrayOf(element(1), '{"candidates":[}', LAST)).lines).toMatchObject([
      { outputTokens: 1, final: false },
    ])
  })

  it('is over where it ends', () => {
    expect(readBody(`${arrayOf(element(1))},${LAST}]`).lines).toMatchObject([{ outputTokens: 1 }])
  })

  it('counts after an element that was too large, else is too_large', () => {
    const large = element(5, undefined, 'x'.repeat(600))
    const bounds = { maxEventBytes: 500, maxBodyBytes: 5000 }
    expect(readBody(arrayOf(element(1), large, LAST), bounds).lines).toMatchObject([{ outputTokens: 9 }])
    expect(readBody(arrayOf(large, LAST), bounds).lines).toMatchObject([{ outputTokens: 9 }])
    expect(readBody(arrayOf(element(1), large), bounds)).toMatchObject({ lines: [], reason: 'too_large' })
    expect(readBody(arrayOf(large, large), { maxEventBytes: 500, maxBodyBytes: 500 }).reason).toBe('too_large')
  })

  it('reads the same however it is cut, whatever it holds', () => {
    const part = fc.constantFrom(element(1), LAST, CHAT, '[', ']', '{', '}', ',', '"', '\\', '7', '\n', '{"a":[1]}')
    const bounds = fc.option(
      fc.record({
        maxEventBytes: fc.integer({ min: 1, max: 400 }),
        maxBodyBytes: fc.integer({ min: 1, max: 900 }),
      }),
    )
    fc.assert(
      fc.property(fc.array(part, { maxLength: 12 }), fc.integer({ min: 1, max: 40 }), bounds, (parts, size, limits) => {
        const body = bytesOf(`[${parts.join('')}`)
        const chunks = Array.from({ length: Math.ceil(body.length / size) }, (_, at) =>
          body.slice(at * size, (at + 1) * size),
        )
        expect(readBody(chunks, { ...limits })).toEqual(readBody(body, { ...limits }))
      }),
      { numRuns: 3000 },
    )
  })
})

describe('any other array', () => {
  it('is one document for a format that does not read arrays as they come', () => {
    const data = [{ a: 1 }, { a: 2 }]
    expect(eventsOf(JSON.stringify(data), false)).toEqual([{ name: null, data, document: true }])
    expect(eventsOf(JSON.stringify(data), true)).toEqual(
      data.map((entry) => ({ name: null, data: entry, document: false })),
    )
  })

  it.each(['[]', '[1,2.5,"]"]', '[[{"a":1}]]'])('is one document for every format: %s', (body) => {
    expect(eventsOf(body, false)).toEqual([{ name: null, data: JSON.parse(body), document: true }])
  })

  it.each(['{"a":1}', '7', '"text"', 'null'])('that begins with %s is one document, whatever follows', (first) => {
    expect(readBody(arrayOf(first, LAST))).toMatchObject({ lines: [], reason: 'no_usage', streamed: false })
  })

  it('of whole responses is no response: a list of what was answered before bills nobody', () => {
    expect(readBody(arrayOf(CHAT, CHAT))).toMatchObject({ lines: [], reason: 'no_usage', streamed: false })
  })

  it('is unreadable when its end is missing, or something comes after it', () => {
    for (const body of ['[', '[1,2', '[{"a":1}', '[{"a":1}] {', '[{"a":1]'])
      expect(readBody(body).reason, body).toBe('unreadable_body')
  })
})
