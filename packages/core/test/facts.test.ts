import { context, TraceFlags, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { stampUsage } from '../src/context.ts'
import { chatCompletion, json } from './support/bodies.ts'
import { type Metering, metering, post } from './support/metered.ts'
import { settled } from './support/reading.ts'

const TRACE_ID = '0af7651916cd43dd8448eb211c80319c'
const SPAN_ID = 'b7ad6b7169203331'
const TRACEPARENT = `00-${TRACE_ID}-${SPAN_ID}-01`

interface Sent {
  url?: string
  requestHeaders?: Record<string, string>
  responseHeaders?: Record<string, string>
  options?: Parameters<Metering['wrap']>[1]
  body?: unknown
  work?: () => void
}

async function recordOf({ url, requestHeaders = {}, responseHeaders = {}, options, body, work }: Sent) {
  const { wrap, record } = metering()
  const handler = wrap(() => {
    work?.()
    return json(body ?? chatCompletion(), { headers: responseHeaders })
  }, options)
  await (await handler(post(url, { headers: requestHeaders }))).text()
  return record()
}

describe('The correlation id', () => {
  const stamped = (): void => stampUsage({ correlationId: 'stamped' })
  const responseHeaders = { 'x-correlation-id': 'of the response' }
  const correlation = { 'x-correlation-id': 'of the request' }
  const requestId = { 'x-request-id': 'request id' }
  const traceparent = { traceparent: TRACEPARENT }

  it.each<[expected: string | null, sent: Sent]>([
    ['stamped', { work: stamped, responseHeaders, requestHeaders: { ...correlation, ...requestId } }],
    ['of the response', { responseHeaders, requestHeaders: { ...correlation, ...requestId, ...traceparent } }],
    ['of the request', { requestHeaders: { ...correlation, ...requestId, ...traceparent } }],
    ['request id', { requestHeaders: { ...requestId, ...traceparent } }],
    [TRACE_ID, { requestHeaders: traceparent }],
    [null, {}],
  ])('is %s', async (expected, sent) => {
    expect(await recordOf(sent)).toMatchObject({ correlationId: expected })
  })

  it('is not taken from a header that says nothing', async () => {
    const sent = {
      requestHeaders: { 'x-correlation-id': '', ...requestId },
      responseHeaders: { 'x-correlation-id': '' },
    }
    expect(await recordOf(sent)).toMatchObject({ correlationId: 'request id' })
  })
})

describe('Trace ids', () => {
  beforeAll(() => void context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable()))
  afterAll(() => context.disable())

  it('are those of the traceparent header', async () => {
    const record = await recordOf({ requestHeaders: { traceparent: TRACEPARENT } })
    expect(record).toMatchObject({ traceId: TRACE_ID, spanId: SPAN_ID })
  })

  it.each([
    `00-${'0'.repeat(32)}-${SPAN_ID}-01`,
    `00-${TRACE_ID}-${'0'.repeat(16)}-01`,
    `ff-${TRACE_ID}-${SPAN_ID}-01`,
    `00-${TRACE_ID.toUpperCase()}-${SPAN_ID}-01`,
    `00-${TRACE_ID}-${SPAN_ID}`,
    `00-${TRACE_ID}-${SPAN_ID}-01-more`,
    'nonsense',
  ])('are not read from %s', async (traceparent) => {
    expect(await recordOf({ requestHeaders: { traceparent } })).toMatchObject({ traceId: null, spanId: null })
  })

  it('are read from the traceparent of a later version', async () => {
    const record = await recordOf({ requestHeaders: { traceparent: `01-${TRACE_ID}-${SPAN_ID}-01-more` } })
    expect(record).toMatchObject({ traceId: TRACE_ID, spanId: SPAN_ID })
  })

  it('are those of the active span, if there is one', async () => {
    const span = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceFlags: TraceFlags.SAMPLED }
    const record = await context.with(trace.setSpanContext(context.active(), span), () =>
      recordOf({ requestHeaders: { traceparent: TRACEPARENT } }),
    )
    expect(record).toMatchObject({ traceId: span.traceId, spanId: span.spanId, correlationId: span.traceId })
  })
})

describe('The endpoint', () => {
  it.each<[expected: string, sent: Sent]>([
    ['/v1/chat/completions', { url: 'https://llm.test/v1/chat/completions?x=1' }],
    ['/v1/chat/completions', { url: 'https://llm.test/tenants/7/v1/chat/completions/' }],
    ['/chat/completions', { url: 'https://llm.test/openai/deployments/gpt/chat/completions' }],
    ['/v1/messages', { url: 'https://llm.test/v1/messages' }],
    ['/api/chat', { url: 'https://llm.test/api/chat' }],
    ['/v2/rerank', { url: 'https://llm.test/v2/rerank' }],
    ['/text/generation_stream', { url: 'https://llm.test/ml/v1/text/generation_stream?version=2026-01-01' }],
    ['/v1/threads/runs', { url: 'https://llm.test/v1/threads/runs' }],
    ['/v1/threads/{thread_id}/runs', { url: 'https://llm.test/v1/threads/thread_1/runs' }],
    ['/v1/threads/{thread_id}/runs/{run_id}', { url: 'https://llm.test/v1/threads/thread_1/runs/run_1' }],
    [
      '/v1/threads/{thread_id}/runs/{run_id}/submit_tool_outputs',
      { url: 'https://llm.test/v1/threads/thread_1/runs/run_1/submit_tool_outputs' },
    ],
    ['/models/{model}:generateContent', { url: 'https://llm.test/v1beta/models/gemini-2.5-flash:generateContent' }],
    [
      '/models/{model}:streamRawPredict',
      { url: 'https://llm.test/v1/projects/p/locations/l/publishers/anthropic/models/claude@1:streamRawPredict' },
    ],
    ['/models/{model}:predict', { url: 'https://llm.test/v1/projects/p/locations/l/endpoints/123:predict' }],
    ['other', { url: 'https://llm.test/v1beta/models/gemini-2.5-flash:anything' }],
    ['/v1beta/interactions/{id}', { url: 'https://llm.test/v1beta/interactions/v1_abc/cancel' }],
    ['/model/{modelId}/converse', { url: 'https://llm.test/model/amazon.nova-lite-v1%3A0/converse' }],
    [
      '/model/{modelId}/invoke-with-response-stream',
      { url: 'https://llm.test/model/arn:aws:bedrock:eu-west-1:1:inference-profile/x/invoke-with-response-stream' },
    ],
    ['other', { url: 'https://llm.test/model/converse' }],
    ['other', { url: 'https://llm.test/chat/3f2c' }],
    ['other', { url: 'https://llm.test/xmessages' }],
    ['/chat/:id', { url: 'https://llm.test/chat/3f2c', options: { route: () => '/chat/:id' } }],
    ['/v1/messages', { url: 'https://llm.test/v1/messages', options: { route: () => '/v1/*' } }],
    ['/v1/messages', { url: 'https://llm.test/v1/messages', options: { route: () => undefined } }],
    ['mine', { url: 'https://llm.test/v1/messages', options: { endpoint: 'mine', route: () => '/v1/messages' } }],
  ])('is %s', async (expected, sent) => {
    expect(await recordOf(sent)).toMatchObject({ endpoint: expected })
  })

  it('of a request without a record is the same', async () => {
    const { wrap, recorder, store } = metering()
    await wrap(() => json({}, { status: 500 }), { route: () => '/chat/:id' })(post())
    await wrap(() => Promise.reject(new Error('no')), { route: () => '/chat/:id' })(post()).catch(() => {})
    await recorder.flush()
    const rows = await store.account({ from: new Date(0), to: new Date('2100-01-01'), bucket: null })
    expect(rows.map(({ endpoint, reason }) => [endpoint, reason])).toEqual([
      ['/chat/:id', 'handler_error'],
      ['/chat/:id', 'status_5xx'],
    ])
  })
})

describe('The requested model', () => {
  it.each<[expected: string | null, sent: Sent]>([
    [null, {}],
    ['gemini-2.5-flash', { url: 'https://llm.test/v1beta/models/gemini-2.5-flash:generateContent' }],
    ['anthropic.claude:0', { url: 'https://llm.test/model/anthropic.claude%3A0/invoke' }],
    [
      'arn:aws:bedrock:eu-west-1:1:application-inference-profile/x',
      { url: 'https://llm.test/model/arn:aws:bedrock:eu-west-1:1:application-inference-profile/x/converse-stream' },
    ],
    ['my gpt', { url: 'https://llm.test/openai/deployments/my%20gpt/chat/completions' }],
    ['%E0%A4%A', { url: 'https://llm.test/model/%E0%A4%A/invoke' }],
    ['auto', { url: 'https://llm.test/model/claude/invoke', work: () => stampUsage({ requestedModel: 'auto' }) }],
  ])('is %s', async (expected, sent) => {
    expect(await recordOf(sent)).toMatchObject({ requestedModel: expected })
  })

  it('serves when the response names none', async () => {
    const body = { ...chatCompletion(), model: undefined }
    const record = await recordOf({ url: 'https://llm.test/openai/deployments/my-gpt/chat/completions', body })
    expect(record).toMatchObject({ requestedModel: 'my-gpt', servedModel: 'my-gpt' })
  })
})

describe('waitUntil', () => {
  it('is given, before the response is returned, a promise of the acknowledgement', async () => {
    const { wrap, recorder } = metering()
    const promises: Promise<void>[] = []
    const order: string[] = []
    const handler = wrap((_request: Request, _context: string) => json(chatCompletion()), {
      waitUntil(promise, _request, platform) {
        expect(platform).toBe('platform')
        promises.push(promise)
      },
    })
    const response = await handler(post(), 'platform')
    expect(promises).toHaveLength(1)
    void promises[0]?.then(() => order.push('acknowledged'))
    await response.text()
    await settled()
    order.push('read')
    await recorder.flush()
    await settled()
    expect(order).toEqual(['read', 'acknowledged'])
  })

  it('is given it also when the handler threw, and when the route could not be told', async () => {
    const { wrap, errors } = metering()
    const promises: Promise<void>[] = []
    const options: Sent['options'] = {
      waitUntil: (promise) => void promises.push(promise),
      route() {
        throw new Error('no route')
      },
    }
    await wrap(() => Promise.reject(new Error('no')), options)(post()).catch(() => {})
    await wrap(() => json({}, { status: 500 }), options)(post())
    expect(promises).toHaveLength(2)
    expect(errors.map(({ code }) => code)).toEqual(['internal', 'internal'])
  })

  describe('without the option', () => {
    /** As a Worker's `ctx`: of a class, and good for nothing without its `this`. */
    class Platform {
      readonly #kept: Promise<unknown>[] = []
      waitUntil(work: Promise<unknown>): void {
        this.#kept.push(work)
      }
      get kept(): readonly Promise<unknown>[] {
        return this.#kept
      }
    }
    const answer = (_request: Request, ..._further: unknown[]): Response => json(chatCompletion())

    it('is that of the first further argument that has one', async () => {
      const { wrap, recorder } = metering()
      const [first, second] = [new Platform(), new Platform()]
      await (await wrap(answer)(post(), { waitUntil: 'a binding' }, first, second)).text()
      expect([first.kept.length, second.kept.length]).toEqual([1, 0])
      await recorder.flush()
      await first.kept[0]
    })

    it('is not asked of the request, nor where the option says it', async () => {
      const { wrap } = metering()
      const platform = new Platform()
      const request = Object.assign(post(), { waitUntil: (work: Promise<unknown>) => platform.waitUntil(work) })
      await (await wrap(answer)(request, 'no platform', null, undefined)).text()
      await (await wrap(answer, { waitUntil() {} })(post(), platform)).text()
      expect(platform.kept).toEqual([])
    })

    it('is none where looking throws, and reported where asking does', async () => {
      const { wrap, record, errors } = metering()
      const unreadable = new Proxy({}, { get: () => expect.fail('a trap') })
      const refusing = { waitUntil: () => expect.fail('no longer') }
      const response = await wrap(answer)(post(), unreadable, refusing)
      await response.text()
      expect(errors.map(({ code }) => code)).toEqual(['internal'])
      expect((await record()).inputTokens).toBe(9)
    })
  })
})
