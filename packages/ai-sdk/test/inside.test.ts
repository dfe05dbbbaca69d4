import { meteredFetch, type UsageRecord } from '@withusage/core'
import type { EmbeddingModel, LanguageModel, LanguageModelUsage } from 'ai'
import { describe, expect, it } from 'vitest'
import { ask, KINDS } from './support/ask.ts'
import { metering } from './support/metering.ts'
import { type Provider, provider } from './support/provider.ts'
import { type Route, SDKS, WIRES } from './support/sdks.ts'
import { embeddings, type Step, type Used } from './support/wire.ts'

const USED: Used = { input: 31, cacheRead: 12, output: 17, reasoning: 5 }
const ANSWER: Step = { id: 'answer', says: 'Sunny.', used: USED }
/** An agent that looks twice, then answers. */
const STEPS: readonly Step[] = [
  { id: 'one', says: { city: 'Oslo' }, used: { input: 20, cacheRead: 0, output: 7, reasoning: 2 } },
  { id: 'two', says: { city: 'Rome' }, used: { input: 40, cacheRead: 20, output: 8, reasoning: 3 } },
  { id: 'three', says: 'Rain, and sun.', used: { input: 60, cacheRead: 40, output: 9, reasoning: 0 } },
]

/** What the layer below the provider is. */
const FETCHES: Record<string, () => Route['fetch']> = { fetch: () => fetch, meteredFetch: () => meteredFetch() }

/** What the SDK says of a model that was refused: of the answer itself, or of the stream that never came. */
const REFUSED = /^(?:not now|Bad Request|No output generated)/

/** The usage of records, as the SDK tells it. */
function sum(records: readonly UsageRecord[]): object {
  const of = (field: 'inputTokens' | 'outputTokens' | 'cacheReadTokens' | 'reasoningTokens' | 'totalTokens'): number =>
    records.reduce((total, record) => total + (record[field] ?? 0), 0)
  return {
    inputTokens: of('inputTokens'),
    outputTokens: of('outputTokens'),
    totalTokens: of('totalTokens'),
    cacheReadTokens: of('cacheReadTokens'),
    reasoningTokens: of('reasoningTokens'),
  }
}

const told = ({ inputTokens, outputTokens, totalTokens, ...details }: LanguageModelUsage): object => ({
  inputTokens,
  outputTokens,
  totalTokens,
  cacheReadTokens: details.inputTokenDetails.cacheReadTokens ?? 0,
  reasoningTokens: details.outputTokenDetails.reasoningTokens ?? 0,
})

describe.each(Object.entries(SDKS))('%s', (_, sdk) => {
  describe.each(Object.entries(FETCHES))('over %s', (layer, below) => {
    describe.each(Object.keys(WIRES) as (keyof typeof WIRES)[])('%s', (name) => {
      const wire = WIRES[name]
      const model = (reached: Provider): LanguageModel => sdk.models[name]({ url: reached.url, fetch: below() })

      it.each(KINDS)('an answer (%s) is a line of the request', async (kind) => {
        const meter = metering()
        const reached = await provider(wire[kind](ANSWER))
        const { text, totalUsage } = await meter.serve(() => ask(sdk, kind, model(reached)))
        expect(text).toBe('Sunny.')
        const records = await meter.records()
        expect(records).toMatchObject([
          {
            line: 0,
            evidence: 'upstream',
            outcome: 'complete',
            operation: 'chat',
            responseId: 'answer',
            requestedModel: name === 'anthropic' ? 'claude-7' : 'gpt-4o-mini',
            servedModel: name === 'anthropic' ? 'claude-7-2024' : 'gpt-4o-mini-2024',
            inputTokens: 31,
            outputTokens: 17,
            totalTokens: 48,
            cacheReadTokens: 12,
            ...(name === 'anthropic' ? { cacheWriteTokens: 18 } : { reasoningTokens: 5 }),
            final: true,
            consistent: true,
            format: layer === 'fetch' ? null : expect.any(String),
            raw: expect.any(Object),
          },
        ])
        expect(sum(records)).toEqual(told(totalUsage))
        expect(meter.errors).toEqual([])
      })

      it.each(KINDS)('an agent with tools (%s) is a line a step, which add up to its total usage', async (kind) => {
        const meter = metering()
        const reached = await provider(...STEPS.map((step) => wire[kind](step)))
        const { text, totalUsage, steps } = await meter.serve(() => ask(sdk, kind, model(reached)))
        expect(text).toBe('Rain, and sun.')
        const records = await meter.records()
        expect(records.map(({ line, responseId }) => [line, responseId])).toEqual([
          [0, 'one'],
          [1, 'two'],
          [2, 'three'],
        ])
        expect(new Set(records.map(({ requestId }) => requestId)).size).toBe(1)
        expect(records.map((record) => sum([record]))).toEqual(steps.map(({ usage }) => told(usage)))
        expect(sum(records)).toEqual(told(totalUsage))
      })

      it.each(KINDS)('an answer (%s) of which nobody tells the usage is no line, and no zero', async (kind) => {
        const meter = metering()
        const reached = await provider(wire[kind]({ ...ANSWER, used: null }))
        const asked = meter.serve(() => ask(sdk, kind, model(reached)))
        // The SDK takes no message of Anthropic's without usage.
        if (name === 'anthropic') await expect(asked).rejects.toThrow()
        else expect(await asked).toMatchObject({ text: 'Sunny.' })
        expect(await meter.records()).toEqual([])
        expect(meter.recorder.stats().unrecorded).toEqual({ no_usage: 1 })
      })

      it.each(KINDS)('what the SDK asks again (%s) is paid for once', async (kind) => {
        const meter = metering()
        const reached = await provider({ status: 429 }, { status: 500 }, wire[kind](ANSWER))
        await meter.serve(() => ask(sdk, kind, model(reached)))
        expect(reached.calls).toBe(3)
        expect(await meter.records()).toMatchObject([{ line: 0, inputTokens: 31, outputTokens: 17 }])
      })

      it.each(KINDS)('a refusal (%s) reaches the program as it is, and costs nothing', async (kind) => {
        const meter = metering()
        const reached = await provider({ status: 400 })
        await expect(meter.serve(() => ask(sdk, kind, model(reached)))).rejects.toThrow(REFUSED)
        expect(reached.calls).toBe(1)
        expect(await meter.records()).toEqual([])
        expect(meter.errors).toEqual([])
      })
    })

    const embedding = (reached: Provider): EmbeddingModel => sdk.embedding({ url: reached.url, fetch: below() })
    const embedded = { evidence: 'upstream', operation: 'embeddings', requestedModel: 'embed-small' }
    const counts = { servedModel: 'embed-small-2024', outputTokens: null, final: true }

    it('an embedding is a line of the request', async () => {
      const meter = metering()
      const reached = await provider(embeddings(7))
      const { usage } = await meter.serve(() => sdk.ai.embed({ model: embedding(reached), value: 'Oslo' }))
      expect(usage.tokens).toBe(7)
      expect(await meter.records()).toMatchObject([{ ...embedded, ...counts, inputTokens: 7, totalTokens: 7 }])
    })

    it('embeddings of many values are a line a call, also where no response has an id', async () => {
      const meter = metering()
      const reached = await provider(embeddings(7), embeddings(9))
      const model = Object.assign(embedding(reached), { maxEmbeddingsPerCall: 1, supportsParallelCalls: false })
      const { usage } = await meter.serve(() => sdk.ai.embedMany({ model, values: ['Oslo', 'Rome'] }))
      expect(usage.tokens).toBe(16)
      expect(await meter.records()).toMatchObject([
        { ...embedded, ...counts, line: 0, inputTokens: 7 },
        { ...embedded, ...counts, line: 1, inputTokens: 9 },
      ])
    })

    it('an embedding of which nobody tells the usage is no line', async () => {
      const meter = metering()
      const reached = await provider(embeddings(null))
      await meter.serve(() => sdk.ai.embed({ model: embedding(reached), value: 'Oslo' }))
      expect(await meter.records()).toEqual([])
      expect(meter.recorder.stats().unrecorded).toEqual({ no_usage: 1 })
    })
  })
})
