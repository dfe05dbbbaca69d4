import { crc32 as zlibCrc32 } from 'node:zlib'
import { Int64, type MessageHeaders } from '@smithy/eventstream-codec'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { WireEvent } from '../../src/formats/format.ts'
import { awsEventStreamTransport } from '../../src/meter/aws-event-stream.ts'
import { crc32 } from '../../src/meter/crc32.ts'
import { chunkMessage, codec, encode, eventMessage, exceptionMessage } from '../support/aws-messages.ts'
import { heldBytes } from '../support/held-bytes.ts'
import { type BodyOptions, bytesOf, readBody } from './body.ts'

const MEBIBYTE = 1024 * 1024
const EVENT_STREAM = 'application/vnd.amazon.eventstream'
const USAGE = { inputTokens: 20, outputTokens: 30, totalTokens: 50 }

const answer = [
  eventMessage('messageStart', { role: 'assistant', p: 'abc' }),
  eventMessage('contentBlockDelta', { contentBlockIndex: 0, delta: { text: 'Hi' } }),
  eventMessage('messageStop', { stopReason: 'end_turn' }),
  eventMessage('metadata', { usage: USAGE, metrics: { latencyMs: 490 }, p: 'ab' }),
]

function joined(parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts))
}

/** The bytes with one of them changed. */
function damaged(bytes: Uint8Array, at: number): Uint8Array {
  return bytes.with(at, (bytes[at] as number) ^ 0x10)
}

function read(bytes: Uint8Array, options: BodyOptions = {}) {
  return readBody(bytes, { contentType: EVENT_STREAM, ...options })
}

/** What a transport makes of these bytes, written in chunks of these sizes in turn. */
function transportOf(bytes: Uint8Array, sizes: readonly number[] = [bytes.length], maxEventBytes = 8 * MEBIBYTE) {
  const events: WireEvent[] = []
  const losses: string[] = []
  const transport = awsEventStreamTransport(
    {
      event: (event) => events.push(event),
      readsArraysOf: () => false,
      watch: () => null,
      unreadable: () => losses.push('unreadable'),
      skipped: (why = 'too_large') => losses.push(why),
      done: () => losses.push('done'),
    },
    maxEventBytes,
  )
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const chunk = bytes.slice(at, at + Math.max(1, sizes[turn % sizes.length] as number))
    transport.write(chunk)
    at += chunk.length
    chunk.fill(0x58)
  }
  transport.end()
  return { events, losses }
}

const name = fc.constantFrom('messageStart', 'contentBlockDelta', 'metadata', 'é🍎', '__proto__')
const otherHeader = fc.oneof(
  fc.boolean().map((value) => ({ type: 'boolean' as const, value })),
  fc.integer({ min: -128, max: 127 }).map((value) => ({ type: 'byte' as const, value })),
  fc.integer({ min: -32768, max: 32767 }).map((value) => ({ type: 'short' as const, value })),
  fc.integer().map((value) => ({ type: 'integer' as const, value })),
  fc.integer().map((value) => ({ type: 'long' as const, value: Int64.fromNumber(value) })),
  fc.uint8Array({ maxLength: 40 }).map((value) => ({ type: 'binary' as const, value })),
  fc.string({ maxLength: 40 }).map((value) => ({ type: 'string' as const, value })),
  fc.date({ noInvalidDate: true }).map((value) => ({ type: 'timestamp' as const, value })),
  fc.uuid().map((value) => ({ type: 'uuid' as const, value })),
)
const otherHeaders = fc.dictionary(fc.string({ minLength: 1, maxLength: 20 }), otherHeader, { maxKeys: 5 })
const payload = fc.oneof(
  fc.dictionary(fc.string(), fc.jsonValue()),
  fc.constant({ usage: USAGE }),
  fc.string({ maxLength: 5000 }).map((text) => ({ text })),
)
const message = fc.tuple(name, payload, otherHeaders, otherHeaders).map(([type, value, before, after]) => {
  const headers: MessageHeaders = {
    ...before,
    ':event-type': { type: 'string', value: type },
    ':message-type': { type: 'string', value: 'event' },
    ...after,
  }
  return encode({ headers, body: bytesOf(JSON.stringify(value)) })
})

/** What AWS' own codec reads of a message. */
function eventOf(bytes: Uint8Array): WireEvent {
  const { headers, body } = codec.decode(bytes)
  const type = String(headers[':event-type']?.value)
  return { name: type, data: { [type]: JSON.parse(new TextDecoder().decode(body)) }, document: false }
}

describe('the messages of an event stream', () => {
  it('are those that the AWS SDK wrote, however the bytes are cut', () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 8 })
    fc.assert(
      fc.property(fc.array(message, { maxLength: 8 }), sizes, (messages, cuts) => {
        expect(transportOf(joined(messages), cuts)).toEqual({ events: messages.map(eventOf), losses: [] })
      }),
    )
  })

  it('are believed only when they are whole: one changed byte never makes an event that was not sent', () => {
    fc.assert(
      fc.property(fc.array(message, { minLength: 1, maxLength: 4 }), fc.nat(), fc.nat({ max: 7 }), (sent, at, bit) => {
        const bytes = joined(sent)
        const place = at % bytes.length
        const { events, losses } = transportOf(bytes.with(place, (bytes[place] as number) ^ (1 << bit)))
        const known = sent.map((one) => JSON.stringify(eventOf(one)))
        expect(known).toEqual(expect.arrayContaining(events.map((event) => JSON.stringify(event))))
        expect(events.length).toBeLessThan(sent.length)
        expect(losses).toContain('unreadable_body')
      }),
      { numRuns: 500 },
    )
  })

  it('are not made of noise', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 12, maxLength: 300 }), (noise) => {
        expect(transportOf(noise)).toEqual({ events: [], losses: ['unreadable_body'] })
      }),
    )
  })

  it('have the checksum of gzip', () => {
    fc.assert(fc.property(fc.uint8Array(), (bytes) => crc32(bytes) === zlibCrc32(bytes)))
  })

  it('of a model are unwrapped', () => {
    const event = { generation: 'é🍎', prompt_token_count: 9 }
    expect(transportOf(chunkMessage(event)).events).toEqual([{ name: null, data: event, document: false }])
  })

  it.each([
    ['no bytes', eventMessage('chunk', { p: 'abc' })],
    ['bytes that are no base64', eventMessage('chunk', { bytes: '%%%' })],
    ['bytes that are no JSON', eventMessage('chunk', { bytes: btoa('Once upon a time') })],
    ['no JSON', encode({ headers: codec.decode(chunkMessage({})).headers, body: bytesOf('Once') })],
    ['no name', encode({ headers: { ':message-type': { type: 'string', value: 'event' } }, body: bytesOf('{}') })],
  ])('that tell nothing are no events: %s', (_what, bytes) => {
    expect(transportOf(bytes)).toEqual({ events: [], losses: ['unreadable'] })
  })

  it('are events when they do not name their type', () => {
    const headers: MessageHeaders = { ':event-type': { type: 'string', value: 'metadata' } }
    const bytes = encode({ headers, body: bytesOf('{"usage":{}}') })
    expect(transportOf(bytes).events).toEqual([
      { name: 'metadata', data: { metadata: { usage: {} } }, document: false },
    ])
  })

  it('tell of an error by their type', () => {
    const failed = exceptionMessage('throttlingException', { message: 'Slow down' })
    const error = encode({
      headers: {
        ':message-type': { type: 'string', value: 'error' },
        ':error-code': { type: 'string', value: 'InternalFailure' },
      },
      body: new Uint8Array(0),
    })
    expect(transportOf(joined([failed, error])).events).toEqual([
      { name: 'error', data: { throttlingException: { message: 'Slow down' } }, document: false },
      { name: 'error', data: { InternalFailure: null }, document: false },
    ])
  })
})

describe('an event stream', () => {
  it.each([EVENT_STREAM, 'application/octet-stream', 'application/json', 'text/event-stream', '**REDACTED**', null])(
    'is known by its first bytes when it is sent as %s',
    (contentType) => {
      for (const size of [1, 7, 1000]) {
        const bytes = joined(answer)
        const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, at) =>
          bytes.subarray(at * size, (at + 1) * size),
        )
        expect(readBody(chunks, { contentType })).toMatchObject({
          format: 'bedrock-converse',
          streamed: true,
          lines: [{ inputTokens: 20, outputTokens: 30, totalTokens: 50, final: true }],
        })
      }
    },
  )

  it('is plain when a stale header says that it is compressed', () => {
    expect(read(joined(answer), { contentEncoding: 'gzip' }).lines).toHaveLength(1)
    expect(read(Uint8Array.of(0x1f, 0x8b, 8, 0), { contentEncoding: 'gzip' }).reason).toBe('encoded_body')
    expect(
      read(
        Uint8Array.from({ length: 40 }, () => 0),
        { contentEncoding: 'br' },
      ).reason,
    ).toBe('encoded_body')
  })

  it('gives way to what its bytes say', () => {
    expect(read(bytesOf('{"message":"Too many tokens"}'))).toMatchObject({ streamed: false, reason: 'no_usage' })
  })

  it('is interrupted by an exception, and what was counted before it is a lower bound', () => {
    const started = chunkMessage({
      generation: 'Hi',
      prompt_token_count: 9,
      generation_token_count: 1,
      stop_reason: null,
    })
    const failed = exceptionMessage('modelStreamErrorException', { message: 'It broke' })
    expect(read(joined([started, failed]))).toMatchObject({
      interrupted: true,
      lines: [{ inputTokens: 9, outputTokens: 1, final: false }],
    })
  })

  it('carries the events of a vendor', () => {
    const usage = { input_tokens: 25, cache_read_input_tokens: 10, output_tokens: 1 }
    const body = [
      { type: 'message_start', message: { id: 'msg_bdrk_1', model: 'claude-opus-4-6', role: 'assistant', usage } },
      { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 54 } },
      { type: 'message_stop', 'amazon-bedrock-invocationMetrics': { inputTokenCount: 25, outputTokenCount: 41 } },
    ]
    expect(read(joined(body.map(chunkMessage)))).toMatchObject({
      format: 'anthropic-messages',
      model: 'claude-opus-4-6',
      lines: [{ inputTokens: 35, outputTokens: 54, cacheReadTokens: 10, final: true }],
    })
  })

  it('that lost its usage is unreadable_body', () => {
    const [, , , metadata] = answer as [Uint8Array, Uint8Array, Uint8Array, Uint8Array]
    for (const at of [0, 9, 20, metadata.length - 10, metadata.length - 1]) {
      const body = joined([...answer.slice(0, 3), damaged(metadata, at)])
      expect(read(body), `byte ${at}`).toMatchObject({ lines: [], raw: null, reason: 'unreadable_body' })
    }
  })

  it('that lost another message is read on', () => {
    const [start, delta, ...rest] = answer as [Uint8Array, Uint8Array, ...Uint8Array[]]
    expect(read(joined([start, damaged(delta, delta.length - 6), ...rest])).lines).toHaveLength(1)
  })

  it('that lost what may have been the last word is not believed', () => {
    const event = (count: number) =>
      chunkMessage({ generation: 'a', prompt_token_count: 9, generation_token_count: count, stop_reason: null })
    const last = event(3)
    expect(read(joined([event(1), event(2), damaged(last, 30)]))).toMatchObject({
      lines: [],
      reason: 'unreadable_body',
    })
    expect(read(joined([event(1), damaged(event(2), 30), last])).lines).toMatchObject([{ outputTokens: 3 }])
  })

  it('of which nothing comes after a damaged length', () => {
    const [start, ...rest] = answer as [Uint8Array, ...Uint8Array[]]
    for (const at of [0, 3, 5, 11])
      expect(read(joined([damaged(start, at), ...rest])).reason, `byte ${at}`).toBe('unreadable_body')
  })

  it('cut within a message has what came before', () => {
    const body = joined(answer)
    expect(read(body.subarray(0, body.length - 1))).toMatchObject({ lines: [], reason: 'no_usage' })
    for (const length of [1, 11, 12, 30])
      expect(read(body.subarray(0, length)), `${length} bytes`).toMatchObject({ lines: [], reason: 'unreadable_body' })
  })
})

describe('a message larger than its bound', () => {
  const large = eventMessage('contentBlockDelta', { delta: { text: 'x'.repeat(2000) } })

  it('is let go, and usage after it counts', () => {
    const [start, ...rest] = answer as [Uint8Array, ...Uint8Array[]]
    const body = joined([start, large, ...rest])
    for (const sizes of [[1], [13], [100_000]]) {
      const { events, losses } = transportOf(body, sizes, 1000)
      expect(events.map((event) => event.name)).toEqual([
        'messageStart',
        'contentBlockDelta',
        'messageStop',
        'metadata',
      ])
      expect(losses).toEqual(['too_large'])
    }
    expect(read(body, { maxEventBytes: 1000 }).lines).toHaveLength(1)
    expect(read(joined([...rest, large]), { maxEventBytes: 1000 })).toMatchObject({ lines: [], reason: 'too_large' })
  })

  it('is one byte larger than the largest that is read', () => {
    expect(transportOf(large, [7], large.length).events).toHaveLength(1)
    expect(transportOf(large, [7], large.length - 1)).toEqual({ events: [], losses: ['too_large'] })
  })

  it('is not held, however long it is', () => {
    const filler = new Uint8Array(MEBIBYTE)
    const transport = awsEventStreamTransport(
      { event() {}, readsArraysOf: () => false, watch: () => null, unreadable() {}, skipped() {}, done() {} },
      8 * MEBIBYTE,
    )
    const prelude = new DataView(new ArrayBuffer(12))
    prelude.setUint32(0, 2 ** 31)
    prelude.setUint32(8, crc32(new Uint8Array(prelude.buffer, 0, 8)))
    const before = heldBytes()
    transport.write(new Uint8Array(prelude.buffer))
    for (let count = 0; count < 200; count++) transport.write(filler)
    expect(heldBytes() - before).toBeLessThan(MEBIBYTE)
  })
})
