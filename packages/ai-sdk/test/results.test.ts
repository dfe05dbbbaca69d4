import { describe, expect, it } from 'vitest'
import { usageMiddleware } from '../src/index.ts'
import { metering } from './support/metering.ts'

const MODEL = { modelId: 'qwen' }
const { wrapGenerate, wrapStream, wrapEmbed } = usageMiddleware()

const COUNTED = { inputTokens: { total: 9, cacheRead: 4 }, outputTokens: { total: 5, reasoning: 2 } }
const STOP = { unified: 'stop', raw: 'stop' }

interface Part {
  type: string
  [field: string]: unknown
}

/** A model's stream of these parts, that remembers how often it was asked and why it was left. */
function streamOf(...parts: readonly Part[]) {
  const left = [...parts]
  const seen = { pulls: 0, reason: undefined as unknown }
  const stream = new ReadableStream<Part>(
    {
      pull(controller) {
        seen.pulls += 1
        const part = left.shift()
        if (part) controller.enqueue(part)
        else controller.close()
      },
      cancel(reason) {
        seen.reason = reason
      },
    },
    { highWaterMark: 0 },
  )
  return { stream, seen }
}

const wrapped = (stream: ReadableStream<Part>) =>
  wrapStream({ doStream: async () => ({ stream }), params: {}, model: MODEL })

async function readAll(stream: ReadableStream<Part>): Promise<void> {
  for await (const _ of stream);
}

describe('What a model gives', () => {
  it('is passed on as it is', async () => {
    const result = { usage: COUNTED, content: [] }
    const embedded = { usage: { tokens: 3 }, embeddings: [] }
    await metering().serve(async () => {
      expect(await wrapGenerate({ doGenerate: async () => result, model: MODEL })).toBe(result)
      expect(await wrapEmbed({ doEmbed: async () => embedded, model: MODEL })).toBe(embedded)
    })
  })

  it('as a stream has the same parts, each asked for when it is wanted, and the rest of the result', async () => {
    const parts = [
      { type: 'text-delta', delta: 'a' },
      { type: 'finish', usage: COUNTED, finishReason: STOP },
    ]
    await metering().serve(async () => {
      const { stream, seen } = streamOf(...parts)
      const request = { body: '{}' }
      const result = await wrapStream({ doStream: async () => ({ stream, request }), params: {}, model: MODEL })
      expect(result.request).toBe(request)
      expect(seen.pulls).toBe(0)
      const reader = result.stream.getReader()
      expect((await reader.read()).value).toBe(parts[0])
      expect(seen.pulls).toBe(1)
      expect((await reader.read()).value).toBe(parts[1])
      expect(await reader.read()).toMatchObject({ done: true })
      expect(seen.pulls).toBe(3)
    })
  })

  it('as a stream is left when its reader leaves, for the same reason', async () => {
    await metering().serve(async () => {
      const { stream, seen } = streamOf({ type: 'text-delta' })
      const reason = new Error('enough')
      await (await wrapped(stream)).stream.cancel(reason)
      expect(seen.reason).toBe(reason)
    })
  })

  it('instead of an answer is thrown as it is', async () => {
    const error = new Error('no')
    const fail = async (): Promise<never> => {
      throw error
    }
    await metering().serve(async () => {
      await expect(wrapGenerate({ doGenerate: fail, model: MODEL })).rejects.toBe(error)
      await expect(wrapEmbed({ doEmbed: fail, model: MODEL })).rejects.toBe(error)
      await expect(wrapStream({ doStream: fail, params: {}, model: MODEL })).rejects.toBe(error)
      const broken = new ReadableStream<Part>({ pull: fail })
      await expect(readAll((await wrapped(broken)).stream)).rejects.toBe(error)
    })
  })
})

describe('Usage', () => {
  it.each<[what: string, usage: unknown, line: object | null]>([
    ['that is whole', COUNTED, { inputTokens: 9, cacheReadTokens: 4, cacheWriteTokens: null, reasoningTokens: 2 }],
    ['of the input alone', { inputTokens: { total: 9 } }, { inputTokens: 9, outputTokens: null, totalTokens: 9 }],
    ['of zero', { inputTokens: { total: 0 }, outputTokens: { total: 0 } }, { inputTokens: 0, totalTokens: 0 }],
    ['that is NaN', { inputTokens: { total: Number.NaN }, outputTokens: { total: 5 } }, { inputTokens: null }],
    ['that is negative', { inputTokens: { total: -1 }, outputTokens: { total: 5 } }, { inputTokens: null }],
    ['with more thoughts than output', { outputTokens: { total: 5, reasoning: 7 } }, { consistent: false }],
    ['with secrets in it', { ...COUNTED, raw: { prompt_tokens: 9, note: 'secret' } }, { raw: { prompt_tokens: 9 } }],
    ['that is left out', undefined, null],
    ['that is empty', { inputTokens: { total: undefined }, outputTokens: {} }, null],
    ['that is a text', 'much', null],
    [
      'that throws',
      new Proxy(
        {},
        {
          get: () => {
            throw new Error('no')
          },
        },
      ),
      null,
    ],
  ])('%s', async (_, usage, line) => {
    const meter = metering()
    await meter.serve(() => wrapGenerate({ doGenerate: async () => ({ usage }), model: MODEL }))
    await meter.serve(async () => {
      const { stream } = streamOf({ type: 'finish', usage, finishReason: STOP })
      await readAll((await wrapped(stream)).stream)
    })
    const facts = { requestedModel: 'qwen', servedModel: 'qwen', responseId: null, final: true }
    const expected = line && { ...facts, ...line }
    const records = await meter.records()
    expect(records).toMatchObject(expected ? [expected, expected] : [])
    expect(JSON.stringify(records)).not.toContain('secret')
    expect(meter.errors).toEqual([])
  })

  it.each([
    [{ unified: 'interrupted', raw: undefined }, false],
    [{ unified: 'other', raw: undefined }, false],
    [{ unified: 'error', raw: undefined }, false],
    [{ unified: 'other', raw: 'pause_turn' }, true],
    [STOP, true],
    [undefined, true],
  ])('of a stream that ends for %o is final: %s', async (finishReason, final) => {
    const meter = metering()
    const { stream } = streamOf({ type: 'finish', usage: COUNTED, finishReason })
    await meter.serve(async () => readAll((await wrapped(stream)).stream))
    expect(await meter.records()).toMatchObject([{ inputTokens: 9, final }])
  })

  it('counts when its reader leaves at the last part', async () => {
    const meter = metering()
    const { stream } = streamOf({ type: 'finish', usage: COUNTED, finishReason: STOP }, { type: 'never' })
    const own = usageMiddleware({ recorder: meter.recorder })
    const result = await own.wrapStream({ doStream: async () => ({ stream }), params: {}, model: MODEL })
    for await (const part of result.stream) if (part.type === 'finish') break
    expect(await meter.records()).toMatchObject([{ outcome: 'complete', inputTokens: 9 }])
  })

  it('of a model that is asked inside another model is a line of its own', async () => {
    const meter = metering()
    const inner = { inputTokens: { total: 3 }, outputTokens: { total: 1 } }
    await meter.serve(() =>
      wrapGenerate({
        async doGenerate() {
          await wrapEmbed({ doEmbed: async () => ({ usage: { tokens: 70 } }), model: { modelId: 'embed' } })
          await wrapGenerate({ doGenerate: async () => ({ usage: inner }), model: { modelId: 'small' } })
          return { usage: COUNTED }
        },
        model: MODEL,
      }),
    )
    const lines = (await meter.records()).map(({ servedModel, inputTokens }) => [servedModel, inputTokens])
    expect(lines).toEqual([
      ['qwen', 9],
      ['embed', 70],
      ['small', 3],
    ])
  })

  it('of a model that is wrapped twice is one line, also where no response has an id', async () => {
    const meter = metering()
    const finish = { type: 'finish', usage: COUNTED, finishReason: STOP }
    await meter.serve(async () => {
      const embed = () => wrapEmbed({ doEmbed: async () => ({ usage: { tokens: 3 } }), model: MODEL })
      await wrapEmbed({ doEmbed: embed, model: MODEL })
      const generate = () => wrapGenerate({ doGenerate: async () => ({ usage: COUNTED }), model: MODEL })
      await wrapGenerate({ doGenerate: () => wrapGenerate({ doGenerate: generate, model: MODEL }), model: MODEL })
      const doStream = () => wrapped(streamOf(finish).stream)
      await readAll((await wrapStream({ doStream, params: {}, model: MODEL })).stream)
    })
    expect((await meter.records()).map(({ inputTokens }) => inputTokens)).toEqual([3, 9, 9])
  })

  it('of a model that gives one result again and again is a line a call', async () => {
    const meter = metering()
    const result = { usage: COUNTED }
    await meter.serve(async () => {
      for (const doGenerate of [async () => result, async () => result])
        await wrapGenerate({ doGenerate, model: MODEL })
    })
    expect(await meter.records()).toHaveLength(2)
  })

  it('of a stream that was aborted before it came is not known', async () => {
    const meter = metering()
    const own = usageMiddleware({ recorder: meter.recorder })
    const params = { abortSignal: AbortSignal.abort() }
    const stream = new ReadableStream<Part>({ pull: () => Promise.reject(params.abortSignal.reason) })
    const result = await own.wrapStream({ doStream: async () => ({ stream }), params, model: MODEL })
    await expect(readAll(result.stream)).rejects.toBe(params.abortSignal.reason)
    expect(meter.recorder.stats().unrecorded).toEqual({ cancelled: 1 })
  })

  it('of a stream that nobody reads is not known when the recorder closes', async () => {
    const meter = metering()
    const { stream } = streamOf({ type: 'finish', usage: COUNTED, finishReason: STOP })
    const own = usageMiddleware({ recorder: meter.recorder })
    await own.wrapStream({ doStream: async () => ({ stream }), params: {}, model: MODEL })
    expect(meter.recorder.stats().inFlight).toBe(1)
    await meter.recorder.close({ timeoutMs: 0 })
    expect(meter.recorder.stats()).toMatchObject({ inFlight: 0, unrecorded: { cancelled: 1 } })
  })
})
