import { describe, expect, it } from 'vitest'
import { stampUsage } from '../src/context.ts'
import { type MeteredFetchOptions, meteredFetch } from '../src/metered-fetch.ts'
import { chatCompletion, chatEvents, json, sse } from './support/bodies.ts'
import { CHAT_URL, type Metering, metering, post } from './support/metered.ts'

const POST = { method: 'POST' }

/** A provider that gives these answers, one a call. */
function provider(...answers: readonly (() => Response)[]): typeof fetch {
  const left = [...answers]
  return async () => (left.shift() as () => Response)()
}

function outside(meter: Metering, options: MeteredFetchOptions) {
  return meteredFetch({ recorder: meter.recorder, onError: (error) => void meter.errors.push(error), ...options })
}

describe('Inside a metered request', () => {
  it('each call is a line, in the order in which the calls began', async () => {
    const meter = metering()
    const call = meteredFetch({
      fetch: provider(
        () => json(chatCompletion({ id: 'a', model: 'first' })),
        () => sse(chatEvents()),
      ),
    })
    const handler = meter.wrap(async () => {
      const [first, second] = await Promise.all([call(CHAT_URL, POST), call(CHAT_URL, POST)])
      await second?.text()
      await first?.text()
      return new Response('done')
    })
    await (await handler(post('https://app.test/answer'))).text()
    expect(await meter.records()).toMatchObject([
      { line: 0, evidence: 'upstream', servedModel: 'first', inputTokens: 9, outputTokens: 5, responseId: 'a' },
      { line: 1, evidence: 'upstream', servedModel: 'qwen-7b', inputTokens: 9, outputTokens: 5, final: true },
    ])
  })

  it('a response that is passed through is one line', async () => {
    const meter = metering()
    const call = meteredFetch({ fetch: provider(() => sse(chatEvents())) })
    const handler = meter.wrap(() => call(CHAT_URL, POST))
    expect(await (await handler(post())).text()).toBe(chatEvents().join(''))
    expect(await meter.record()).toMatchObject({ evidence: 'upstream', inputTokens: 9, outputTokens: 5 })
  })

  it('a stamp wins', async () => {
    const meter = metering()
    const call = meteredFetch({ fetch: provider(() => json(chatCompletion())) })
    const handler = meter.wrap(async () => {
      await (await call(CHAT_URL, POST)).text()
      stampUsage({ inputTokens: 1, outputTokens: 2 })
      return new Response('done')
    })
    await (await handler(post())).text()
    expect(await meter.record()).toMatchObject({ evidence: 'stamp', inputTokens: 1, outputTokens: 2 })
  })
})

describe('Outside any request', () => {
  it('a call is a request of its own', async () => {
    const meter = metering()
    const call = outside(meter, {
      fetch: provider(() => json(chatCompletion())),
      identify: () => ({ user: { id: 'nightly' } }),
    })
    expect(await (await call(CHAT_URL, POST)).json()).toEqual(chatCompletion())
    expect(await meter.record()).toMatchObject({
      userId: 'nightly',
      evidence: 'upstream',
      endpoint: '/v1/chat/completions',
      inputTokens: 9,
      outputTokens: 5,
    })
  })
})
