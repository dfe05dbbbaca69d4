import {
  createRecorder,
  type Fetch,
  memoryStore,
  meteredFetch,
  type Recorder,
  type UsageRecord,
  withUsage,
} from '@withusage/core'
import { expectStoredAccount } from '@withusage/testing'
import { describe, expect, it, onTestFinished } from 'vitest'
import { type Manners, type Provider, provider } from './support/provider.ts'
import { outcome, type Route, SDKS, type Told } from './support/sdks.ts'

interface Metered {
  recorder: Recorder
  records(): Promise<readonly UsageRecord[]>
}

function metering(): Metered {
  const store = memoryStore()
  const recorder = createRecorder({ store, batch: { intervalMs: 3_600_000 } })
  onTestFinished(() => expectStoredAccount(recorder, store))
  return {
    recorder,
    async records() {
      // Ends also what an SDK has stopped reading: Ollama's does after the last line.
      await recorder.close()
      return (await store.records({ from: new Date(0), to: new Date('2100-01-01') })).records
    },
  }
}

type Program = (fetch: Fetch) => Promise<Told>

/** Where a program runs whose calls are metered. */
const WAYS: Record<string, (recorder: Recorder, program: Program) => Promise<Told>> = {
  'inside a request': async (recorder, program) => {
    let told: Promise<Told> | undefined
    const handler = withUsage(
      async () => {
        told = program(meteredFetch())
        await told.catch(() => {})
        return new Response(null, { status: 204 })
      },
      { recorder },
    )
    await handler(new Request('https://app.test/answer', { method: 'POST' }))
    return told as Promise<Told>
  },
  'outside any request': (recorder, program) => program(meteredFetch({ recorder })),
}

interface Both {
  bare: { seen: unknown; provider: Provider }
  metered: { seen: unknown; told: Promise<Told>; provider: Provider }
}

/** Runs a program over plain `fetch` and over a metered one, each with a provider of its own. */
async function both(
  run: (program: Program) => Promise<Told>,
  manners: Manners,
  program: (route: Route) => Promise<Told>,
): Promise<Both> {
  const [one, other] = await Promise.all([provider(manners), provider(manners)])
  const plain = outcome(program({ url: one.url, fetch }))
  const told = run((metered) => program({ url: other.url, fetch: metered }))
  const seen = await outcome(told)
  return { bare: { seen: await plain, provider: one }, metered: { seen, told, provider: other } }
}

const MODELS: Record<string, string> = {
  openai: 'gpt-4o-mini-2024',
  '@anthropic-ai/sdk': 'claude-7',
  '@google/genai': 'gemini-7-flash',
  ollama: 'llama-7',
  // Its answers name no model: what was asked for.
  'cohere-ai': 'command-7',
}

describe.each(Object.entries(SDKS))('%s', (name, sdk) => {
  describe.each(Object.entries(WAYS))('%s', (_, way) => {
    it.each(['whole', 'stream'] as const)(
      'an answer (%s) is what fetch gives, and its line what the SDK tells',
      async (kind) => {
        const meter = metering()
        const { bare, metered } = await both(
          (program) => way(meter.recorder, program),
          {},
          (route) => sdk[kind](route),
        )
        expect(metered.seen).toEqual(bare.seen)
        expect(metered.provider.calls).toEqual(bare.provider.calls)
        const [inputTokens, outputTokens] = (await metered.told).usage ?? []
        expect(inputTokens).toBeGreaterThan(0)
        expect(await meter.records()).toMatchObject([
          {
            evidence: 'upstream',
            outcome: 'complete',
            final: true,
            consistent: true,
            inputTokens,
            outputTokens,
            servedModel: MODELS[name],
          },
        ])
      },
    )

    it.each(['whole', 'stream'] as const)('retries (%s) are calls of their own, paid for once', async (kind) => {
      const meter = metering()
      const failures = [429, 500].slice(0, sdk.retries)
      const { bare, metered } = await both(
        (program) => way(meter.recorder, program),
        { failures },
        (route) => sdk[kind](route),
      )
      expect(metered.seen).toEqual(bare.seen)
      expect(metered.provider.calls).toEqual(bare.provider.calls)
      expect(metered.provider.calls).toHaveLength(sdk.retries + 1)
      const [inputTokens, outputTokens] = (await metered.told).usage ?? []
      expect(await meter.records()).toMatchObject([{ line: 0, inputTokens, outputTokens }])
    })

    it('a call that fails for good fails as it does with fetch, and costs nothing', async () => {
      const meter = metering()
      const { bare, metered } = await both(
        (program) => way(meter.recorder, program),
        { failures: [400] },
        (route) => sdk.whole(route),
      )
      expect(bare.seen).toHaveProperty('failure')
      expect(metered.seen).toEqual(bare.seen)
      expect(await meter.records()).toEqual([])
      expect(meter.recorder.stats()).toMatchObject({ requests: 1, recorded: 0, unrecorded: {} })
    })

    it('an abort in the middle of a stream ends it as it does with fetch, up to the provider', async () => {
      const meter = metering()
      const abortAtFirst = (route: Route): Promise<Told> => {
        const abort = new AbortController()
        return sdk.stream({ ...route, signal: abort.signal }, () => abort.abort())
      }
      const { bare, metered } = await both(
        (program) => way(meter.recorder, program),
        { afterFirstChunk: 'waits' },
        abortAtFirst,
      )
      expect(metered.seen).toEqual(bare.seen)
      await Promise.all([bare.provider.left, metered.provider.left])
      await meter.recorder.close()
      expect(meter.recorder.stats()).toMatchObject({ requests: 1, inFlight: 0 })
    })

    it('a stream that breaks breaks as it does with fetch', async () => {
      const meter = metering()
      const { bare, metered } = await both(
        (program) => way(meter.recorder, program),
        { afterFirstChunk: 'breaks' },
        (route) => sdk.stream(route),
      )
      expect(metered.seen).toEqual(bare.seen)
      await meter.recorder.close()
      expect(meter.recorder.stats()).toMatchObject({ requests: 1, inFlight: 0 })
    })
  })
})
