import { describe, expect, it } from 'vitest'
import { addUsage, currentUsage, stampUsage } from '../src/context.ts'
import { NO_COUNTS } from '../src/formats/accounting.ts'
import { meteredFetch } from '../src/metered-fetch.ts'
import { runCall } from '../src/run-call.ts'
import type { UsageLine } from '../src/types.ts'
import type { UpstreamCall } from '../src/upstream.ts'
import { chatCompletion, json, sse, sseEvent } from './support/bodies.ts'
import { CHAT_URL, type Metering, metering, post } from './support/metered.ts'

const LINE: UsageLine = {
  ...NO_COUNTS,
  inputTokens: 50,
  units: null,
  serviceTier: null,
  providerCostNanoUsd: null,
  model: null,
  consistent: true,
  final: true,
}

/** A call as a layer above `fetch` sees it, of 50 tokens. */
function sdkCall(responseId: string | null, line: Partial<UsageLine> = {}): UpstreamCall {
  const reading = {
    ...{ format: null, operation: 'chat', streamed: false, model: 'qwen-7b', responseId, reason: null, raw: null },
    ...{ interrupted: false, prefillTokens: null, draftTokens: null, replay: null },
    lines: [{ ...LINE, ...line }],
  }
  return {
    layer: 'sdk',
    below: [],
    finish: () => null,
    used: () => ({ reading, complete: true, requestedModel: null }),
  }
}

async function serve(meter: Metering, program: () => Promise<unknown>): Promise<void> {
  const handler = meter.wrap(async () => {
    await program()
    return new Response('done')
  })
  await (await handler(post('https://app.test/answer'))).text()
}

const inputs = async (meter: Metering): Promise<(number | null)[]> =>
  (await meter.records()).map(({ inputTokens }) => inputTokens)

/** Anthropic's first event, and no more. */
const cutMessage = (): Response =>
  sse([
    sseEvent(
      {
        type: 'message_start',
        message: { id: 'msg_1', type: 'message', model: 'claude', usage: { input_tokens: 25 } },
      },
      'message_start',
    ),
  ])

describe('A call made through two layers', () => {
  it.each<[what: string, call: UpstreamCall, answer: () => Response, counts: readonly number[]]>([
    ['of which neither names the response is one', sdkCall(null), () => json(chatCompletion({ id: null })), [9]],
    ['of which the upper names the response is one', sdkCall('x'), () => json(chatCompletion({ id: null })), [9]],
    ['of which the lower names the response is one', sdkCall(null), () => json(chatCompletion()), [9]],
    ['that both name alike is one', sdkCall('chatcmpl-1'), () => json(chatCompletion()), [9]],
    ['that they name differently is two', sdkCall('chatcmpl-2'), () => json(chatCompletion()), [50, 9]],
    ['that the lower cannot read is as the upper says', sdkCall(null), () => new Response('?'), [50]],
    ['whose end only the upper has heard is as that says', sdkCall('msg_1'), cutMessage, [50]],
    ['whose end neither has heard is as the lower says', sdkCall('msg_1', { final: false }), cutMessage, [25]],
  ])('%s', async (_, call, answer, counts) => {
    const meter = metering()
    const send = meteredFetch({ fetch: async () => answer() })
    await serve(meter, () => runCall(call, async () => (await send(CHAT_URL, { method: 'POST' })).text()))
    expect(await inputs(meter)).toEqual(counts)
  })

  it('is of its own when it is made inside another call of the same layer', async () => {
    const meter = metering()
    await serve(meter, () => runCall(sdkCall(null), () => runCall(sdkCall(null, { inputTokens: 7 }), async () => {})))
    expect(await inputs(meter)).toEqual([50, 7])
  })

  it('is one when it is made inside a call of the same layer that names the same response', async () => {
    const meter = metering()
    await serve(meter, () => runCall(sdkCall('x'), () => runCall(sdkCall('x'), async () => {})))
    expect(await inputs(meter)).toEqual([50])
  })

  it('and through a third is still one', async () => {
    const meter = metering()
    const send = meteredFetch({ fetch: async () => json(chatCompletion()) })
    const inner: UpstreamCall = { ...sdkCall(null), layer: 'gateway' }
    await serve(meter, () => runCall(sdkCall(null), () => runCall(inner, async () => (await send(CHAT_URL)).text())))
    expect(await inputs(meter)).toEqual([9])
  })
})

describe('While a call is made', () => {
  it('its request can be stamped, added to and identified', async () => {
    const meter = metering()
    let inside: unknown
    await serve(meter, () =>
      runCall(sdkCall(null), async () => {
        stampUsage({ requestedModel: 'auto' })
        addUsage({ inputTokens: 3 })
        currentUsage()?.identify({ user: { id: 'ada' } })
        inside = { open: currentUsage()?.open, requestId: currentUsage()?.requestId }
      }),
    )
    const [own, added] = await meter.records()
    expect(inside).toEqual({ open: true, requestId: own?.requestId })
    expect(own).toMatchObject({ userId: 'ada', requestedModel: 'auto', evidence: 'upstream', inputTokens: 50 })
    expect(added).toMatchObject({ userId: 'ada', evidence: 'stamp', inputTokens: 3 })
  })

  it('outside any request there is none', async () => {
    expect(runCall(sdkCall(null), currentUsage)).toBe(undefined)
  })
})
