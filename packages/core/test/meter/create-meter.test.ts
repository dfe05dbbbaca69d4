import { describe, expect, it } from 'vitest'
import { NO_COUNTS, usageLine } from '../../src/formats/accounting.ts'
import { defineFormat } from '../../src/formats/format.ts'
import { createMeter } from '../../src/meter/create-meter.ts'
import { bytesOf, CHAT, headersOf, readBody, usageChunk } from './body.ts'

const headers = headersOf({})

describe('createMeter', () => {
  it('gives the same reading however often it is ended, and reads nothing afterwards', () => {
    const meter = createMeter({ headers })
    meter.write(bytesOf(CHAT))
    const reading = meter.end()
    meter.write(bytesOf(CHAT))
    expect(meter.end()).toBe(reading)
    expect(reading.lines).toHaveLength(1)
  })

  it('never throws, whatever is written', () => {
    const detached = new Uint8Array(8)
    structuredClone(detached.buffer, { transfer: [detached.buffer] })
    for (const chunk of ['text', null, undefined, 7, {}, detached] as unknown as Uint8Array[]) {
      const meter = createMeter({ headers })
      expect(() => meter.write(chunk)).not.toThrow()
      expect(() => meter.write(bytesOf(CHAT))).not.toThrow()
      expect(() => meter.end()).not.toThrow()
    }
  })

  it('does not believe a body of which it lost a piece', () => {
    const meter = createMeter({ headers: headersOf({ contentType: 'text/event-stream' }) })
    meter.write(bytesOf(`data: ${usageChunk(1, 2)}\n\n`))
    meter.write(null as unknown as Uint8Array)
    expect(meter.end()).toMatchObject({ lines: [], reason: 'unreadable_body' })
  })

  it.each(['the end', '"the end', '12 apples', 'true story'])('reads usage around any number of texts: %s', (text) => {
    const texts = `data: ${text}\n\n`.repeat(10_001)
    const usage = `data: ${usageChunk(3, 2)}\n\n`
    for (const body of [texts + usage, usage + texts])
      expect(readBody(body, { contentType: 'text/event-stream' }).lines).toMatchObject([
        { inputTokens: 3, outputTokens: 2 },
      ])
  })

  it('gives up a body of more than 10,000 broken objects', () => {
    const broken = 'data: {"choices"\n\n'
    const usage = `data: ${usageChunk(3, 2)}\n\n`
    const read = (times: number) => readBody(broken.repeat(times) + usage, { contentType: 'text/event-stream' })
    expect(read(10_000).lines).toHaveLength(1)
    expect(read(10_001)).toMatchObject({ lines: [], reason: 'unreadable_body' })
  })

  it('names the requested model only where the response names none', () => {
    const unnamed = JSON.stringify({ ...JSON.parse(CHAT), model: '' })
    expect(readBody(CHAT, { requestedModel: 'auto' })).toMatchObject({
      model: 'gpt-4.1',
      lines: [{ model: 'gpt-4.1' }],
    })
    expect(readBody(unnamed, { requestedModel: 'auto' })).toMatchObject({ model: 'auto', lines: [{ model: null }] })
  })

  it('keeps the usage object as it was sent, up to 4 KiB of JSON', () => {
    const withUsage = (usage: object) => readBody(JSON.stringify({ ...JSON.parse(CHAT), usage })).raw
    const usage = { prompt_tokens: 1, vendor: { speed: 'fast' } }
    expect(withUsage(usage)).toEqual(usage)
    const sized = (last: number) => ({ prompt_tokens: 1, pad: [...Array(2030).fill(1), last] })
    const overhead = JSON.stringify(sized(0)).length - 1
    expect(withUsage(sized(10 ** (4095 - overhead)))).not.toBe(null)
    expect(withUsage(sized(10 ** (4096 - overhead)))).toBe(null)
  })

  it('keeps of a usage object counts, switches and known words, and no other text', () => {
    const usage = {
      prompt_tokens: 1,
      cost: 0.25,
      is_byok: false,
      cost_details: null,
      service_tier: 'priority',
      iterations: [{ type: 'message', model: 'Qwen/Qwen3-8B:free', input_tokens: 1 }, 'What is my diagnosis?'],
      promptTokensDetails: [{ modality: 'TEXT', tokenCount: 1 }],
    }
    const texts = {
      note: 'secret',
      type: 'What is my diagnosis?',
      model: { name: 'secret' },
      'What is my diagnosis?': 1,
      'sk-secret': 1,
      'a.b': 1,
    }
    const { raw } = readBody(JSON.stringify({ ...JSON.parse(CHAT), usage: { ...usage, ...texts } }))
    expect(raw).toEqual({ ...usage, iterations: usage.iterations.slice(0, 1), model: {} })
  })

  it('keeps as little of what a format of its own calls raw', () => {
    const raw: Record<string, unknown> = { tokens: 1, big: 5n, day: new Date(0), text: 'secret' }
    raw.self = raw
    const line = usageLine({ ...NO_COUNTS, inputTokens: 1 }, { model: null, final: true })
    const format = defineFormat({
      name: 'own',
      operation: null,
      matches: () => true,
      start: () => null,
      read: () => null,
      finish: () => ({ model: null, responseId: null, lines: [line], raw }),
    })
    const kept = (): string => JSON.stringify(readBody('{}', { formats: [format] }).raw)
    expect(kept()).toContain('"tokens":1')
    expect(kept()).not.toContain('secret')
    Object.defineProperty(raw, 'broken', { enumerable: true, get: () => JSON.parse('{') })
    expect(kept()).toBe('null')
  })

  it('survives nesting that breaks a recursive reader, and reads up to 10,000 deep', () => {
    const nested = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`
    const usage = (deep: string) => `{"object":"chat.completion","usage":{"prompt_tokens":3,"deep":${deep}}}`
    expect(readBody(usage(nested(9_998)))).toMatchObject({ lines: [{ inputTokens: 3 }] })
    expect(readBody(usage(nested(9_999)))).toMatchObject({ lines: [], reason: 'unreadable_body' })
    expect(readBody(nested(200_000))).toMatchObject({ lines: [], reason: 'unreadable_body' })
    const texts = JSON.stringify('\\"['.repeat(20_000))
    expect(readBody(usage(texts))).toMatchObject({ lines: [{ inputTokens: 3 }] })
    expect(readBody(usage(`[${Array(20_000).fill('[]').join()}]`))).toMatchObject({ lines: [{ inputTokens: 3 }] })
  })

  it('takes a count only as a whole number that is not negative and exact', () => {
    for (const count of ['"7"', '-1', '1.5', '1e400', '9007199254740992', 'true', '[7]', '{"a":7}', 'null']) {
      const reading = readBody(`{"object":"chat.completion","usage":{"prompt_tokens":${count},"completion_tokens":2}}`)
      expect(reading.lines).toMatchObject([{ inputTokens: null, outputTokens: 2 }])
    }
    const zero = readBody('{"object":"chat.completion","usage":{"prompt_tokens":-0,"completion_tokens":2.0}}')
    expect(Object.is(zero.lines[0]?.inputTokens, 0)).toBe(true)
    expect(zero.lines[0]?.outputTokens).toBe(2)
  })

  it('is not deceived by keys that mean something to JavaScript', () => {
    const body =
      '{"object":"chat.completion","__proto__":{"usage":{"prompt_tokens":9}},"usage":{"__proto__":{"prompt_tokens":9}}}'
    expect(readBody(body)).toMatchObject({ lines: [], reason: 'no_usage' })
    expect(({} as Record<string, unknown>).prompt_tokens).toBe(undefined)
  })
})

describe('a format of your own', () => {
  const line = readBody(CHAT).lines[0]
  const mine = defineFormat<number>({
    name: 'mine',
    operation: null,
    matches: ({ data }) => typeof data === 'object' && data !== null && 'object' in data,
    start: () => 0,
    read: (seen) => seen + 1,
    finish: (seen, complete) => ({
      model: 'mine',
      responseId: `${seen}`,
      raw: null,
      lines: line && complete ? [line] : [],
    }),
  })

  it('is asked before the built-in ones', () => {
    expect(readBody(CHAT, { formats: [mine] })).toMatchObject({ format: 'mine', responseId: '1', lines: [line] })
  })

  it('learns whether the stream reached its end mark', () => {
    const stream = `data: ${usageChunk(1, 2)}\n\n`
    const options = { formats: [mine], contentType: 'text/event-stream' }
    expect(readBody(stream, options).lines).toHaveLength(0)
    expect(readBody(`${stream}data: [DONE]\n\n`, options).lines).toHaveLength(1)
  })

  it('reads nothing when it throws, and the meter does not', () => {
    const thrower = () => {
      throw new Error('mine')
    }
    expect(readBody(CHAT, { formats: [{ ...mine, matches: thrower }] }).format).toBe('openai-chat')
    expect(readBody(CHAT, { formats: [{ ...mine, read: thrower }] })).toMatchObject({ responseId: '0' })
    expect(readBody(CHAT, { formats: [{ ...mine, finish: thrower }] })).toMatchObject({ lines: [], reason: 'no_usage' })
  })

  it.each([undefined, null, {}, { lines: null }, Promise.resolve({ lines: [] })])(
    'reads nothing when it finishes with %s',
    (reading) => {
      const broken = { ...mine, finish: () => reading as never }
      expect(readBody(CHAT, { formats: [broken] })).toMatchObject({ lines: [], reason: 'no_usage' })
    },
  )
})
