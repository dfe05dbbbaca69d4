import { configureUsage, type Fetch, localUser, meteredFetch, type UsageError } from '@withusage/core'
import { describe, expect, it } from 'vitest'
import { type UsageMiddlewareOptions, usageMiddleware } from '../src/index.ts'
import { abort, ask, KINDS } from './support/ask.ts'
import { metering } from './support/metering.ts'
import { provider } from './support/provider.ts'
import { SDKS, WIRES } from './support/sdks.ts'
import { embeddings, type Step } from './support/wire.ts'

const wire = WIRES['openai.chat']
const ANSWER: Step = { id: 'answer', says: 'Sunny.', used: { input: 31, cacheRead: 12, output: 17, reasoning: 5 } }
const LOOKS_UP: Step = { ...ANSWER, id: 'look', says: { city: 'Oslo' } }

// What the process says of requests is not asked of a call outside any.
const asked: string[] = []
const fail = (what: string) => (): never => {
  asked.push(what)
  throw new Error(what)
}
configureUsage({
  identify: fail('identify'),
  route: fail('route'),
  requestedModel: fail('requestedModel'),
  waitUntil: fail('waitUntil'),
  recorder: null,
})

describe.each(Object.entries(SDKS))('%s, outside any request', (_, sdk) => {
  const model = (url: string, options: UsageMiddlewareOptions, fetch: Fetch = globalThis.fetch) =>
    sdk.models['openai.chat']({ url, fetch }, usageMiddleware(options))

  it.each(KINDS)('a call (%s) is not counted without a recorder, nor are there warnings', async (kind) => {
    const errors: UsageError[] = []
    const reached = await provider(wire[kind](ANSWER))
    const { text } = await ask(sdk, kind, model(reached.url, { onError: (error) => void errors.push(error) }))
    expect(text).toBe('Sunny.')
    expect(errors).toEqual([])
  })

  it.each(KINDS)('each call (%s) is a request of its own with one', async (kind) => {
    const meter = metering()
    const reached = await provider(wire[kind](LOOKS_UP), wire[kind](ANSWER))
    const options = { recorder: meter.recorder, endpoint: '/jobs/nightly', identify: () => ({ user: { id: 'night' } }) }
    await ask(sdk, kind, model(reached.url, options))
    const records = await meter.records()
    expect(records.map(({ responseId }) => responseId).toSorted()).toEqual(['answer', 'look'])
    expect(new Set(records.map(({ requestId }) => requestId)).size).toBe(2)
    for (const record of records)
      expect(record).toMatchObject({
        ...{ line: 0, evidence: 'upstream', outcome: 'complete', status: 200, endpoint: '/jobs/nightly' },
        ...{
          userId: 'night',
          requestedModel: 'gpt-4o-mini',
          servedModel: 'gpt-4o-mini-2024',
          streamed: kind === 'stream',
        },
        ...{ inputTokens: 31, outputTokens: 17, cacheReadTokens: 12, reasoningTokens: 5, final: true },
        timeToFirstByteMs: kind === 'stream' ? expect.any(Number) : null,
      })
    expect(asked).toEqual([])
  })

  it.each(KINDS)('a call (%s) over meteredFetch is still one', async (kind) => {
    const meter = metering()
    const fetch = meteredFetch({ recorder: meter.recorder, fallbackUser: localUser() })
    const reached = await provider(wire[kind](ANSWER), wire[kind](ANSWER))
    await ask(sdk, kind, model(reached.url, { recorder: meter.recorder }, fetch))
    expect(await meter.records()).toMatchObject([{ userId: 'local', format: 'openai-chat', inputTokens: 31 }])
    await ask(sdk, kind, model(reached.url, {}, fetch))
    expect((await meter.records()).map(({ endpoint }) => endpoint).toSorted()).toEqual(['/chat/completions', 'other'])
  })

  it('an embedding is a request of its own', async () => {
    const meter = metering()
    const reached = await provider(embeddings(7))
    const embedding = sdk.embedding({ url: reached.url, fetch }, usageMiddleware({ recorder: meter.recorder }))
    await sdk.ai.embed({ model: embedding, value: 'Oslo' })
    expect(await meter.records()).toMatchObject([{ operation: 'embeddings', endpoint: 'other', inputTokens: 7 }])
  })

  it.each(KINDS)('a call (%s) is accounted for when nothing is known of its usage', async (kind) => {
    const meter = metering()
    const options = { recorder: meter.recorder }
    const silent = await provider(wire[kind]({ ...ANSWER, used: null }))
    await ask(sdk, kind, model(silent.url, options))
    expect(meter.recorder.stats()).toMatchObject({ requests: 1, unrecorded: { no_usage: 1 } })
    const refusing = await provider({ status: 400 })
    await expect(ask(sdk, kind, model(refusing.url, options))).rejects.toThrow()
    expect(meter.recorder.stats()).toMatchObject({ requests: 2, ignored: { handler_error: 1 } })
  })

  it.each([
    ['is aborted', 'waits', 'cancelled'],
    ['breaks', 'breaks', 'failed'],
  ] as const)('a stream that %s is accounted for', async (_, afterwards, reason) => {
    const meter = metering()
    const reached = await provider({ answer: wire.stream(ANSWER), chunks: 1, afterwards })
    const asking = model(reached.url, { recorder: meter.recorder })
    if (afterwards === 'waits') await Promise.all([abort(sdk, asking), reached.left])
    else await expect(ask(sdk, 'stream', asking)).rejects.toThrow()
    expect(meter.recorder.stats()).toMatchObject({ requests: 1, unrecorded: { [reason]: 1 }, inFlight: 0 })
  })

  it('the platform is asked to wait until the record is stored', async () => {
    const meter = metering()
    const reached = await provider(wire.whole(ANSWER))
    const waits: Promise<void>[] = []
    const options = { recorder: meter.recorder, waitUntil: (stored: Promise<void>) => void waits.push(stored) }
    await ask(sdk, 'whole', model(reached.url, options))
    expect(waits).toHaveLength(1)
    await meter.records()
    await waits[0]
    expect(meter.recorder.stats().recorded).toBe(1)
  })
})

it('A number that is none is refused at once', () => {
  expect(() => usageMiddleware({ idleTimeoutMs: Number.NaN })).toThrow(/idleTimeoutMs/)
})
