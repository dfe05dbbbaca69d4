import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import { createMeter } from '../../src/meter/create-meter.ts'
import { bytesOf, CHAT, headersOf, readBody, usageChunk } from './body.ts'

const MEBIBYTE = 1024 * 1024

setFlagsFromString('--expose-gc')
const collectGarbage: () => void = runInNewContext('gc')

function heldBytes(): number {
  collectGarbage()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}

/** Writes the chunks; gives the most that was held, looking now and then, what was left at the end, and the reading. */
function holding(chunks: Iterable<Uint8Array>, contentType: string, lookEvery: number) {
  const meter = createMeter({ headers: headersOf({ contentType }) })
  const before = heldBytes()
  let most = 0
  let written = 0
  for (const chunk of chunks) {
    meter.write(chunk)
    if (++written % lookEvery === 0) most = Math.max(most, heldBytes() - before)
  }
  const left = heldBytes() - before
  return { most: Math.max(most, left), left, reading: meter.end() }
}

function* repeat(chunk: Uint8Array, times: number): Generator<Uint8Array> {
  for (let count = 0; count < times; count++) yield chunk
}

function* singles(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at++) yield bytes.subarray(at, at + 1)
}

const FILLER = bytesOf('x'.repeat(64 * 1024))

function* hugeEvent(after: string): Generator<Uint8Array> {
  yield bytesOf(`data: ${usageChunk(1, 1)}\n\ndata: {"image":"`)
  yield* repeat(FILLER, 320)
  yield bytesOf(`"}\n\n${after}`)
}

describe('an event larger than its bound', () => {
  it('is let go, and usage after it counts', () => {
    const { most, reading } = holding(hugeEvent(`data: ${usageChunk(30, 40)}\n\n`), 'text/event-stream', 40)
    expect(reading.lines).toMatchObject([{ inputTokens: 30, outputTokens: 40, final: true }])
    expect(most).toBeLessThan(24 * MEBIBYTE)
  })

  it('is too_large when no usage follows: it may have held the last word', () => {
    const { reading } = holding(hugeEvent('data: [DONE]\n\n'), 'text/event-stream', 1000)
    expect(reading).toMatchObject({ lines: [], raw: null, reason: 'too_large', model: 'gpt-4.1' })
  })

  it('is too_large when it never ends, and holds no more for being longer', () => {
    for (const contentType of ['text/event-stream', 'application/x-ndjson']) {
      const endless = [bytesOf(contentType === 'text/event-stream' ? 'data: ' : '{"a":"'), ...repeat(FILLER, 1600)]
      const { most, left, reading } = holding(endless, contentType, 200)
      expect(reading.reason).toBe('too_large')
      expect(most).toBeLessThan(24 * MEBIBYTE)
      expect(left).toBeLessThan(MEBIBYTE)
    }
  })

  it('keeps what a stream said before it where the later usage builds on that', () => {
    const event = (data: unknown) => `data: ${JSON.stringify(data)}\n\n`
    const body =
      event({ type: 'message_start', message: { id: 'm', model: 'claude', usage: { input_tokens: 9 } } }) +
      event({ type: 'content_block_delta', delta: { text: 'x'.repeat(500) } }) +
      event({ type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 5 } })
    const reading = readBody(body, { contentType: 'text/event-stream', maxEventBytes: 300 })
    expect(reading.lines).toMatchObject([{ model: 'claude', inputTokens: 9, outputTokens: 5 }])
  })

  it('is skipped among JSON lines too', () => {
    const lines = ['{"model":"m","done":false,"response":"a"}', `{"x":"${'x'.repeat(300)}"}`]
    const done = '{"model":"m","done":true,"response":"","eval_count":5}'
    const options = { contentType: 'application/x-ndjson', maxEventBytes: 200 }
    expect(readBody([...lines, done].join('\n'), options).lines).toMatchObject([{ outputTokens: 5 }])
    expect(readBody([done, ...lines].join('\n'), options).reason).toBe('too_large')
  })

  it.each(['\n', '\r\n', '\r'])('is one event, not several that end with %j', (lineBreak) => {
    const event = `data: ${usageChunk(1, 2)}${lineBreak}${lineBreak}`
    const options = { contentType: 'text/event-stream', maxEventBytes: event.length }
    expect(readBody(event.repeat(20), options).lines).toHaveLength(1)
  })

  it('is one byte larger than the largest that is read', () => {
    const event = `data: ${usageChunk(1, 2)}\n\n`
    const stream = (maxEventBytes: number) =>
      readBody(event, { contentType: 'text/event-stream', maxEventBytes }).reason
    expect(stream(event.length)).toBe(null)
    expect(stream(event.length - 1)).toBe('too_large')
  })
})

describe('a document larger than its bound', () => {
  const message = (content: readonly string[]) => [
    bytesOf(`${CHAT.slice(0, CHAT.indexOf('"content":"') + 11)}`),
    ...content.map(bytesOf),
    bytesOf(CHAT.slice(CHAT.indexOf('"content":"') + 11)),
  ]

  it.each([
    [
      'in long texts',
      message(Array.from({ length: 800 }, () => 'x\\n\\"usage\\":{\\"prompt_tokens\\":99}'.repeat(2000))),
    ],
    [
      'in vectors',
      [bytesOf('{"data":['), ...repeat(bytesOf(`[${'0.125,'.repeat(9999)}1],`), 800), bytesOf(`0],${CHAT.slice(1)}`)],
    ],
  ])('is read when its bulk is %s', (_, body) => {
    const { most, reading } = holding(body, 'application/json', 100)
    expect(reading).toEqual(readBody(CHAT))
    expect(most).toBeLessThan(8 * MEBIBYTE)
  })

  it('is too_large when its bulk may be anything, and its memory is let go at once', () => {
    const body = [bytesOf('{"a":['), ...repeat(bytesOf('{"b":1},'.repeat(8192)), 800)]
    const { most, left, reading } = holding(body, 'application/json', 100)
    expect(reading.reason).toBe('too_large')
    expect(most).toBeLessThan(24 * MEBIBYTE)
    expect(left).toBeLessThan(MEBIBYTE)
  })

  it('is one byte larger than the largest that is read', () => {
    expect(readBody(CHAT, { maxBodyBytes: CHAT.length }).reason).toBe(null)
    expect(readBody(CHAT, { maxBodyBytes: CHAT.length - 1 }).reason).toBe('too_large')
  })

  it('does not count the white space that keeps a line open', () => {
    const { most, reading } = holding(
      [...repeat(bytesOf('\n'.repeat(65536)), 160), bytesOf(CHAT)],
      'application/json',
      40,
    )
    expect(reading.lines).toHaveLength(1)
    expect(most).toBeLessThan(2 * MEBIBYTE)
  })
})

describe('a body in many small pieces', () => {
  it('holds nothing for a million empty lines', () => {
    for (const contentType of ['text/event-stream', 'application/x-ndjson', 'application/json']) {
      const { most, reading } = holding(repeat(bytesOf('\n'), 1_000_000), contentType, 250_000)
      expect(reading.reason).toBe('no_usage')
      expect(most).toBeLessThan(MEBIBYTE)
    }
    const started = [bytesOf(`data: ${usageChunk(1, 2)}`), ...repeat(bytesOf('\n'), 1_000_000)]
    expect(holding(started, 'text/event-stream', 250_000).reading.lines).toHaveLength(1)
  })

  it('costs no more than its length when it comes byte by byte', () => {
    const text = `{"object":"chat.completion","choices":[],"pad":"${'x'.repeat(4 * MEBIBYTE)}","usage":{"prompt_tokens":5}}`
    const bytes = bytesOf(text)
    const { most, reading } = holding(singles(bytes), 'application/json', 2_000_000)
    expect(reading.lines).toMatchObject([{ inputTokens: 5 }])
    expect(most).toBeLessThan(16 * MEBIBYTE)
  })
})
