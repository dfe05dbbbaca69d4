import fc from 'fast-check'
import { expect, it, onTestFinished } from 'vitest'
import { createMeter } from '../../src/meter/create-meter.ts'
import { borrowGathering, type Gathering, giveBack, MOST_GATHERED } from '../../src/meter/gathering.ts'
import type { Meter } from '../../src/types.ts'
import { bytesOf, readBody } from './body.ts'

const STREAMS = 256

const event = (content: string, rest: object = {}): string =>
  `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', model: 'm', choices: [{ index: 0, delta: { content } }], ...rest })}\n\n`
const usage = (tokens: number, content = ''): string =>
  event(content, { usage: { prompt_tokens: 3, completion_tokens: tokens, total_tokens: 3 + tokens } })

const meterOfStream = (): Meter =>
  createMeter({ status: 200, headers: new Headers({ 'content-type': 'text/event-stream' }) })

const outputTokens = (meter: Meter): unknown => meter.end().lines[0]?.outputTokens

/** All that there is, so that the streams of the test find none. */
function borrowAll(): Gathering[] {
  const all: Gathering[] = []
  for (let one = borrowGathering(); one; one = borrowGathering()) all.push(one)
  return all
}

it('chunks of all sizes are read in their order', () => {
  const sizes = fc.array(fc.integer({ min: 0, max: 3 * MOST_GATHERED }), { minLength: 1, maxLength: 40 })
  fc.assert(
    fc.property(sizes, (lengths) => {
      const events = lengths.map((length, at) => usage(at, 'x'.repeat(length)))
      const reading = readBody(events.map(bytesOf), { contentType: 'text/event-stream' })
      expect(reading.lines[0]?.outputTokens).toBe(lengths.length - 1)
      expect(reading).toEqual(readBody(events.join(''), { contentType: 'text/event-stream' }))
    }),
  )
})

it('a chunk belongs to its sender again once it was written', () => {
  const meter = meterOfStream()
  for (const text of [event('a'), event('b'), usage(7), event('c')]) {
    const chunk = bytesOf(text)
    meter.write(chunk)
    chunk.fill(0x20)
  }
  expect(outputTokens(meter)).toBe(7)
})

it('streams that gather at the same time do not meet', () => {
  const meters = Array.from({ length: STREAMS + 20 }, meterOfStream)
  for (const text of [event('a'), event('b')]) for (const meter of meters) meter.write(bytesOf(text))
  meters.forEach((meter, at) => {
    meter.write(bytesOf(usage(at)))
  })
  for (const meter of meters) meter.write(bytesOf(event('c')))
  expect(meters.map(outputTokens)).toEqual(meters.map((_, at) => at))
})

it('so many gather at a time, and the others read each chunk as it comes', () => {
  const all = borrowAll()
  onTestFinished(() => all.forEach(giveBack))
  expect(all).toHaveLength(STREAMS)
  const meter = meterOfStream()
  for (const text of [event('a'), usage(5), event('b')]) meter.write(bytesOf(text))
  expect(outputTokens(meter)).toBe(5)
})

it('what a stream has borrowed comes back with its end, also where it was given up', () => {
  const all = borrowAll()
  onTestFinished(() => all.forEach(giveBack))
  giveBack(all.pop() as Gathering)
  for (const last of [usage(1), null]) {
    const meter = meterOfStream()
    meter.write(bytesOf(event('a')))
    meter.write(bytesOf(event('b')))
    expect(borrowGathering()).toBeNull()
    meter.write((last && bytesOf(last)) as Uint8Array)
    meter.end()
    const again = borrowGathering() as Gathering
    expect(again.take()).toHaveLength(0)
    giveBack(again)
  }
  all.push(borrowGathering() as Gathering)
})
