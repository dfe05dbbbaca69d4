import { meteredFetch } from '@withusage/core'
import { describe, expect, it } from 'vitest'
import { abort, ask } from './support/ask.ts'
import { metering } from './support/metering.ts'
import { type Provider, provider, type Reply } from './support/provider.ts'
import { type Route, SDKS, WIRES } from './support/sdks.ts'
import type { Step } from './support/wire.ts'

const FIRST: Step = {
  id: 'one',
  says: { city: 'Oslo' },
  used: { input: 20, cacheRead: 5, output: 7, reasoning: 2 },
}
const ANSWER: Step = { id: 'answer', says: 'Sunny.', used: { input: 31, cacheRead: 12, output: 17, reasoning: 5 } }

/** What is known of an answer that is never whole: of Anthropic's, what it says at its start. */
const LOWER_BOUND = { responseId: 'answer', inputTokens: 31, cacheReadTokens: 12, outputTokens: null, final: false }

/** What is known of one that had told of nothing, beside calls that are known. */
const UNKNOWN = { inputTokens: null, outputTokens: null, final: false }

interface Below {
  fetch: () => Route['fetch']
  /** The lines of an answer that broke off. */
  broken: Record<keyof typeof WIRES, readonly object[]>
  /** Those of one that told of nothing, beside the lines of other calls. */
  untold: readonly object[]
}

const BELOW: Record<string, Below> = {
  // The SDK tells of usage only at the end.
  fetch: { fetch: () => fetch, broken: { 'openai.chat': [], 'openai.responses': [], anthropic: [] }, untold: [] },
  meteredFetch: {
    fetch: () => meteredFetch(),
    broken: { 'openai.chat': [], 'openai.responses': [], anthropic: [LOWER_BOUND] },
    untold: [UNKNOWN],
  },
}

describe.each(Object.entries(SDKS))('%s', (_, sdk) => {
  describe.each(Object.entries(BELOW))('over %s', (_, { fetch, broken, untold }) => {
    describe.each(Object.keys(WIRES) as (keyof typeof WIRES)[])('%s', (name) => {
      const wire = WIRES[name]
      const model = (reached: Provider) => sdk.models[name]({ url: reached.url, fetch: fetch() })
      const brokenOff = (afterwards: 'waits' | 'breaks' | 'ends'): Reply => ({
        answer: wire.stream(ANSWER),
        chunks: 2,
        afterwards,
      })

      it('a stream that its program aborts: the provider is left, and what is known of it counts', async () => {
        const meter = metering()
        const reached = await provider(brokenOff('waits'))
        const seen = await meter.serve(async () => {
          const seen = await abort(sdk, model(reached))
          await reached.left
          return seen
        })
        expect(seen.slice(-1)).toEqual(['abort'])
        expect(await meter.records()).toMatchObject(broken[name])
        expect(meter.recorder.stats().unrecorded).toEqual(broken[name].length === 0 ? { no_usage: 1 } : {})
        expect(meter.errors).toEqual([])
      })

      it('a stream that breaks at the second step of an agent: the first step is paid for', async () => {
        const meter = metering()
        const reached = await provider(wire.stream(FIRST), brokenOff('breaks'))
        await meter.serve(() => ask(sdk, 'stream', model(reached)).catch(() => {}))
        expect(reached.calls).toBe(2)
        expect(await meter.records()).toMatchObject([
          { responseId: 'one', inputTokens: 20, outputTokens: 7, final: true },
          ...(broken[name].length > 0 ? broken[name] : untold),
        ])
        expect(meter.errors).toEqual([])
      })

      it('a program that is still asking when its request is settled: too late is counted once', async () => {
        const meter = metering()
        const reached = await provider(wire.whole(ANSWER))
        let asked: Promise<unknown> | undefined
        await meter.serve(async () => {
          asked = ask(sdk, 'whole', model(reached))
          // The call has begun.
          while (reached.calls === 0) await new Promise(setImmediate)
        })
        await asked
        expect(await meter.records()).toEqual([])
        expect(meter.recorder.stats().unrecorded).toEqual({ no_usage: 1 })
        expect(meter.errors.map(({ code }) => code)).toEqual(['stamp-outside-request'])
      })
    })
  })

  it.each(Object.entries(BELOW))('a message of Anthropic that ends too soon, over %s', async (_, { fetch, broken }) => {
    const meter = metering()
    const reached = await provider({ answer: WIRES.anthropic.stream(ANSWER), chunks: 3, afterwards: 'ends' })
    await meter.serve(() => ask(sdk, 'stream', sdk.models.anthropic({ url: reached.url, fetch: fetch() })))
    // Its body was read to the end, so this is all that there will be.
    expect(await meter.records()).toMatchObject(broken.anthropic.map((line) => ({ ...line, final: true })))
    expect(meter.errors).toEqual([])
  })
})
