import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { bytesOf, CHAT, readBody, usageChunk } from './body.ts'

const STREAM = `data: ${usageChunk(3, 4)}\n\ndata: [DONE]\n\n`

describe('what a body is', () => {
  it.each([
    'application/json',
    'application/vnd.vendor+json; charset=utf-8',
    'application/octet-stream',
    'text/event-stream',
    'application/x-ndjson',
    'text/plain',
    '**REDACTED**',
    null,
  ])('reads a JSON document sent as %s', (contentType) => {
    expect(readBody(CHAT, { contentType }).lines).toMatchObject([{ inputTokens: 3, outputTokens: 4, final: true }])
  })

  it.each(['text/event-stream', 'application/json', 'application/octet-stream', 'text/plain', null])(
    'reads an event stream sent as %s',
    (contentType) => {
      const reading = readBody(STREAM, { contentType })
      expect(reading.lines).toMatchObject([{ inputTokens: 3, outputTokens: 4, final: true }])
      expect(reading.streamed).toBe(true)
    },
  )

  it.each(['text/html', 'audio/mpeg', 'image/png', 'video/mp4', 'multipart/mixed', 'application/pdf'])(
    'does not look into %s, whatever it holds',
    (contentType) => {
      expect(readBody(CHAT, { contentType })).toMatchObject({ lines: [], reason: 'no_usage', format: null })
    },
  )

  it('gives prose no other reason than that it has no usage', () => {
    expect(readBody('Once upon a time', { contentType: 'text/plain' }).reason).toBe('no_usage')
    expect(readBody('data', { contentType: 'text/plain' }).reason).toBe('no_usage')
    expect(readBody(Uint8Array.of(0, 1, 2, 3, 4, 5, 6), { contentType: null }).reason).toBe('no_usage')
  })

  it('gives an empty body no other reason either', () => {
    for (const contentType of ['application/json', 'text/event-stream', null]) {
      expect(readBody('', { contentType }).reason).toBe('no_usage')
      expect(readBody(' \r\n\n', { contentType }).reason).toBe('no_usage')
    }
  })
})

describe('a body that cannot be read', () => {
  it.each([
    ['a truncated document', CHAT.slice(0, -1)],
    ['a document with something after it', `${CHAT} {`],
    ['a first byte that no JSON has', '<html>'],
    ['a first word that no JSON has', 'nope, not JSON'],
    ['half a word', 'dat'],
    ['binary', Uint8Array.of(0, 1, 2, 3, 4, 5, 6, 7)],
  ])('is unreadable_body: %s', (_name, body) => {
    expect(readBody(body)).toMatchObject({ lines: [], reason: 'unreadable_body' })
  })

  it('is unreadable_body when no event of a stream is JSON', () => {
    expect(readBody('data: hello\n\ndata: there\n\n', { contentType: 'text/event-stream' }).reason).toBe(
      'unreadable_body',
    )
  })

  it('is no_usage when a stream has comments only', () => {
    expect(readBody(': ping\n\n: ping\n\n', { contentType: 'text/event-stream' }).reason).toBe('no_usage')
  })

  it('skips a line that is not JSON and reads on', () => {
    const lines = `{"model":"m","done":false,"response":"a"}\n{"model":\n{"model":"m","done":true,"response":"","eval_count":5}\n`
    expect(readBody(lines, { contentType: 'application/x-ndjson' }).lines).toMatchObject([{ outputTokens: 5 }])
  })
})

describe('a compressed body', () => {
  const compressed = {
    gzip: gzipSync(CHAT),
    zstd: zstdCompressSync(CHAT),
    deflate: deflateSync(CHAT),
    br: brotliCompressSync(CHAT),
  }

  it.each(Object.entries(compressed))('is encoded_body when its header says %s', (contentEncoding, body) => {
    for (const contentType of ['application/json', 'text/event-stream', 'application/x-ndjson', null]) {
      expect(readBody(new Uint8Array(body), { contentType, contentEncoding }).reason).toBe('encoded_body')
    }
  })

  it.each(Object.entries(compressed).filter(([name]) => name !== 'br'))(
    'is known by its first bytes without a header: %s',
    (_name, body) => {
      expect(readBody(new Uint8Array(body)).reason).toBe('encoded_body')
    },
  )

  it('is encoded_body when it happens to begin like JSON', () => {
    expect(readBody(Uint8Array.of(0x7b, 0x9c, 0, 1), { contentEncoding: 'br' }).reason).toBe('encoded_body')
  })

  it.each(['gzip', 'br', 'zstd'])('is read when it is plain, whatever a stale %s header says', (contentEncoding) => {
    expect(readBody(CHAT, { contentEncoding }).lines).toHaveLength(1)
    expect(readBody(STREAM, { contentEncoding, contentType: 'text/event-stream' }).lines).toHaveLength(1)
    expect(readBody(bytesOf(CHAT), { contentEncoding: 'identity' }).lines).toHaveLength(1)
  })
})
