import { randomBytes } from 'node:crypto'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { codingsOf } from '../../src/decode/codings.ts'
import { EncodedBody } from '../../src/decode/encoded-body.ts'
import { createMeter } from '../../src/meter/create-meter.ts'
import type { Reading } from '../../src/types.ts'
import { type BodyOptions, bytesOf, CHAT, headersOf, readBody, usageChunk } from '../meter/body.ts'
import { chatEvents } from '../support/bodies.ts'
import { ENCODERS, encoded, flushed, headerOf, STREAMED } from './compressed.ts'

const MEBIBYTE = 1024 * 1024
const SSE: BodyOptions = { contentType: 'text/event-stream' }

function bodyOf(options: BodyOptions): EncodedBody {
  const headers = headersOf(options)
  return new EncodedBody(codingsOf(headers), headers, (left) => createMeter({ headers: left }))
}

async function readingOf(chunks: Iterable<Uint8Array>, options: BodyOptions): Promise<Reading> {
  const body = bodyOf(options)
  for (const chunk of chunks) body.write(chunk)
  await body.finish()
  return body.end()
}

function* cut(bytes: Uint8Array, sizes: readonly number[]): Generator<Uint8Array> {
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const size = sizes[turn % sizes.length] as number
    yield bytes.slice(at, at + size)
    at += size
  }
}

const piece = fc.constantFrom(
  ...['\n', '\n\n', '\ufeff', ' ', ': ping', 'data: ', 'é🍎', '[DONE]', '[', '{', '}', CHAT, usageChunk(1, 2)],
  ...[`data: ${usageChunk(3, 4)}\n\n`, `${usageChunk(5, 6)}\n`],
)
const body = fc.array(piece, { minLength: 1, maxLength: 30 }).map((pieces) => bytesOf(pieces.join('')))
const contentType = fc.constantFrom('application/json', 'text/event-stream', 'application/x-ndjson', null)
const sizes = fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 6 })

function withoutZlib(): void {
  beforeEach(() => void vi.spyOn(process, 'getBuiltinModule').mockReturnValue(undefined as never))
  afterEach(() => void vi.restoreAllMocks())
}

const PLATFORMS: [name: string, codings: string[], setUp: () => void][] = [
  ['node:zlib', Object.keys(ENCODERS), () => {}],
  ['DecompressionStream', Object.keys(ENCODERS).filter((coding) => coding !== 'zstd'), withoutZlib],
]

describe.each(PLATFORMS)('a compressed body, decoded by %s', (_, codings, setUp) => {
  setUp()

  it('gives the reading of the plain one, whatever the codings, and however it is cut', async () => {
    const applied = fc.array(fc.constantFrom(...codings), { minLength: 1, maxLength: 3 })
    const same = fc.asyncProperty(body, applied, sizes, contentType, async (plain, names, cuts, type) => {
      const contentEncoding = names.map(headerOf).join(', ')
      const read = await readingOf(cut(encoded(plain, names), cuts), { contentType: type, contentEncoding })
      expect(read).toEqual(readBody(plain, { contentType: type }))
    })
    await fc.assert(same, { numRuns: 300 })
  })

  it.each(codings)('is too_large when it grows without end: %s', async (coding) => {
    const bomb = encoded(new Uint8Array(64 * MEBIBYTE), [coding])
    for (const type of ['application/json', 'text/event-stream']) {
      const read = await readingOf([bomb], { contentType: type, contentEncoding: headerOf(coding) })
      expect(read).toMatchObject({ lines: [], reason: 'too_large' })
    }
  })

  it('is not believed when nobody knows how it went on', async () => {
    const body = bodyOf({ ...SSE, contentEncoding: 'gzip' })
    for (const chunk of await flushed('gzip', chatEvents())) body.write(chunk)
    body.write(Uint8Array.from(randomBytes(9 * MEBIBYTE)))
    await body.finish()
    expect(body.end()).toMatchObject({ lines: [], reason: 'encoded_body', streamed: false })
  })
})

describe('a compressed body', () => {
  it.each(Object.keys(ENCODERS))('of chat in which only the words differ is no bomb: %s', async (coding) => {
    const words = Array.from({ length: 40_000 }, () => 'the')
    const stream = bytesOf(chatEvents(words).join(''))
    const read = await readingOf(cut(encoded(stream, [coding]), [16_384]), {
      ...SSE,
      contentEncoding: headerOf(coding),
    })
    expect(stream.length).toBeGreaterThan(4 * MEBIBYTE)
    expect(read.lines).toMatchObject([{ inputTokens: 9, outputTokens: 5 }])
  })

  it('is read beside what compresses badly', async () => {
    const noise = Buffer.from(randomBytes(5 * MEBIBYTE)).toString('base64')
    const plain = bytesOf(CHAT.replace('"Hi"', JSON.stringify(noise)))
    const body = bodyOf({ contentEncoding: 'gzip' })
    body.write(encoded(plain, ['gzip']))
    await body.finish()
    expect(body.end()).toEqual(readBody(plain))
  })

  it.each(STREAMED)('that is flushed is read as it comes: %s', async (coding) => {
    const body = bodyOf({ ...SSE, contentEncoding: coding })
    const chunks = await flushed(coding, [...chatEvents(), ': more\n\n'])
    for (const chunk of chunks.slice(0, -2)) body.write(chunk)
    await body.idle()
    expect(body.end()).toMatchObject({ lines: [{ inputTokens: 9, outputTokens: 5, final: true }], interrupted: true })
  })

  it.each(STREAMED)('that is cut off tells what it told until then: %s', async (coding) => {
    const chunks = await flushed(coding, [...chatEvents(), ...chatEvents()])
    const read = await readingOf(chunks.slice(0, 6), { ...SSE, contentEncoding: coding })
    expect(read).toMatchObject({ lines: [{ inputTokens: 9, outputTokens: 5 }], interrupted: true })
  })

  it('that is cut off before it told anything is encoded_body', async () => {
    const zipped = encoded(bytesOf(CHAT), ['gzip'])
    expect(await readingOf([zipped.subarray(0, 90)], { contentEncoding: 'gzip' })).toMatchObject({
      lines: [],
      reason: 'encoded_body',
    })
  })

  it('that is not what was sent is not believed', async () => {
    const zipped = encoded(bytesOf(CHAT), ['gzip'])
    const checksum = zipped.length - 8
    const wrong = zipped.with(checksum, (zipped[checksum] as number) ^ 1)
    expect(await readingOf([wrong], { contentEncoding: 'gzip' })).toMatchObject({ lines: [], reason: 'encoded_body' })
  })

  it('is known though it begins like JSON', async () => {
    const plain = bytesOf(CHAT.replace('Hi', 'x'.repeat(70_000)))
    const likeJson = Uint8Array.from(brotliCompressSync(plain))
    expect(String.fromCharCode(likeJson[0] as number)).toBe('[')
    expect(await readingOf([likeJson], { contentEncoding: 'br' })).toEqual(readBody(plain))
  })

  it.each(['zq', 'zq, gzip', 'gzip, zq', 'compress'])(
    'of a coding that is not known is encoded_body: %s',
    async (name) => {
      const bytes = name.endsWith('gzip') ? gzipSync(randomBytes(400)) : randomBytes(400)
      expect((await readingOf([bytes], { contentEncoding: name })).reason).toBe('encoded_body')
    },
  )

  it.each(['br', 'gzip', 'deflate', 'zstd'])('is encoded_body where nothing decodes %s', async (coding) => {
    vi.spyOn(process, 'getBuiltinModule').mockReturnValue(undefined as never)
    vi.stubGlobal('DecompressionStream', undefined)
    const read = await readingOf([encoded(bytesOf(CHAT), [coding])], { contentEncoding: coding })
    vi.unstubAllGlobals()
    vi.restoreAllMocks()
    expect(read.reason).toBe('encoded_body')
  })

  it('in which nothing was is no_usage', async () => {
    expect((await readingOf([], { contentEncoding: 'gzip' })).reason).toBe('no_usage')
  })

  it('ends at once with what was read, and reads no more', async () => {
    const body = bodyOf({ ...SSE, contentEncoding: 'gzip' })
    for (const chunk of await flushed('gzip', chatEvents())) body.write(chunk)
    const read = body.end()
    expect(read).toMatchObject({ lines: [], reason: 'encoded_body', interrupted: true })
    body.write(Uint8Array.of(1, 2, 3))
    await body.finish()
    expect(body.end().reason).toBe('encoded_body')
  })
})

describe('a plain body whose header names a coding', () => {
  it('is read at once, however it is cut', () => {
    const named = fc.constantFrom('gzip', 'deflate', 'br', 'zstd', 'gzip, br', 'zq', 'identity')
    fc.assert(
      fc.property(body, named, sizes, contentType, (plain, contentEncoding, cuts, type) => {
        const options = { contentType: type, contentEncoding }
        const shown = bodyOf(options)
        for (const chunk of cut(plain, cuts)) shown.write(chunk)
        expect(shown.finish()).toBe(null)
        expect(shown.end()).toEqual(readBody(plain, options))
      }),
      { numRuns: 1000 },
    )
  })
})
