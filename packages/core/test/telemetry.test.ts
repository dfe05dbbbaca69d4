import { context, metrics, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { DataPointType, type HistogramMetricData, type MetricData } from '@opentelemetry/sdk-metrics'
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace'
import { failing, refusing, sampleRecord, sampleRequest } from '@withusage/testing'
import { afterEach, describe, expect, it } from 'vitest'
import { createTelemetry } from '../src/telemetry.ts'
import { chatCompletion, json } from './support/bodies.ts'
import { metering, post } from './support/metered.ts'
import { openSdk } from './support/open-sdk.ts'
import { openRecording, recording } from './support/recording.ts'

const requests = 'withusage.requests'

describe('the instruments', () => {
  it('have the names, the units and the bucket boundaries of the conventions', async () => {
    const { meter, collect } = openSdk()
    const { recorder } = recording(undefined, { meter })
    recorder.record([
      sampleRecord({
        streamed: true,
        costNanoUsd: 5,
        pricingVersion: '1',
        preFilterInputTokens: 1,
        postFilterInputTokens: 2,
      }),
    ])
    recorder.open({ endpoint: '/chat' }).unrecorded('no_usage')
    await recorder.flush()
    const found = (await collect()).map(({ descriptor }) => [descriptor.name, descriptor.unit])
    expect(Object.fromEntries(found)).toEqual({
      'withusage.requests': '{request}',
      'withusage.unrecorded': '{request}',
      'withusage.tokens': '{token}',
      'withusage.cost': 'USD',
      'withusage.dropped': '{item}',
      'gen_ai.client.token.usage': '{token}',
      'gen_ai.server.request.duration': 's',
      'gen_ai.server.time_to_first_token': 's',
      'gen_ai.server.time_per_output_token': 's',
    })
    const boundaries = (await collect())
      .filter((metric): metric is HistogramMetricData => metric.dataPointType === DataPointType.HISTOGRAM)
      .map(({ descriptor, dataPoints }) => [descriptor.name, dataPoints[0]?.value.buckets.boundaries])
    expect(Object.fromEntries(boundaries)).toEqual({
      'gen_ai.client.token.usage': Array.from({ length: 14 }, (_, power) => 4 ** power),
      'gen_ai.server.request.duration': Array.from({ length: 14 }, (_, power) => 2 ** power / 100),
      'gen_ai.server.time_to_first_token': [
        0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10,
      ],
      'gen_ai.server.time_per_output_token': [0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5],
    })
  })
})

describe('withusage.requests', () => {
  it('counts each request once, under its account, its reason and its endpoint', async () => {
    const { meter, points } = openSdk()
    const refused = sampleRecord()
    const { recorder } = recording(refusing([refused.requestId]), { meter })
    const first = sampleRecord()
    recorder.record(sampleRequest([{}, {}]))
    recorder.record([first])
    recorder.record([sampleRecord({ id: first.id })])
    recorder.record([refused])
    recorder.open({ endpoint: '/chat' }).unrecorded('no_usage')
    recorder.open({ endpoint: '/chat' }).ignored('status_4xx')
    await recorder.flush()
    const endpoint = '/v1/chat/completions'
    expect(new Set(await points(requests))).toEqual(
      new Set([
        [{ account: 'recorded', endpoint }, 2],
        [{ account: 'ignored', reason: 'duplicate', endpoint }, 1],
        [{ account: 'unrecorded', reason: 'record_failed', endpoint }, 1],
        [{ account: 'unrecorded', reason: 'no_usage', endpoint: '/chat' }, 1],
        [{ account: 'ignored', reason: 'status_4xx', endpoint: '/chat' }, 1],
      ]),
    )
    expect(new Set(await points('withusage.unrecorded'))).toEqual(
      new Set([
        [{ reason: 'record_failed', endpoint }, 1],
        [{ reason: 'no_usage', endpoint: '/chat' }, 1],
      ]),
    )
  })

  it('says recorded only when the store has acknowledged, and so do the tokens', async () => {
    const { meter, points } = openSdk()
    const { recorder, store } = openRecording(failing, { meter })
    recorder.record([sampleRecord()])
    expect(await points(requests)).toEqual([])
    await recorder.flush()
    expect((await points(requests)).map(([{ account }]) => account)).toEqual(['unrecorded'])
    expect(await points('withusage.tokens')).toEqual([])
    store.behave((write) => write())
    recorder.record([sampleRecord()])
    expect(await points('withusage.tokens')).toEqual([])
    await recorder.flush()
    expect((await points('withusage.tokens')).map(([, value]) => value)).toEqual([9, 5])
  })
})

describe('the measurements of a stored record', () => {
  const shape = {
    'gen_ai.operation.name': 'chat',
    'gen_ai.provider.name': 'openai',
    'gen_ai.request.model': 'auto',
    'gen_ai.response.model': 'qwen-7b',
  }

  async function measure(fields: Parameters<typeof sampleRecord>[0], ...others: Parameters<typeof sampleRecord>[0][]) {
    const sdk = openSdk()
    const base = { requestedModel: 'auto', servedModel: 'qwen-7b' }
    createTelemetry(sdk.meter).stored(sampleRequest([fields, ...others].map((line) => ({ ...base, ...line }))))
    return sdk
  }

  it('are its tokens by kind and model; what is not known is not counted, and a 0 is', async () => {
    const { points } = await measure(
      { cacheReadTokens: 4, reasoningTokens: 0 },
      { servedModel: null, outputTokens: null },
    )
    expect(await points('withusage.tokens')).toEqual([
      [{ served_model: 'qwen-7b', kind: 'input' }, 9],
      [{ served_model: 'qwen-7b', kind: 'output' }, 5],
      [{ served_model: 'qwen-7b', kind: 'cache_read' }, 4],
      [{ served_model: 'qwen-7b', kind: 'reasoning' }, 0],
      [{ served_model: 'unknown', kind: 'input' }, 9],
    ])
  })

  it('are its cost in USD, when there is one', async () => {
    const { points } = await measure({ costNanoUsd: 1_500_000_000, pricingVersion: '1' }, {})
    expect(await points('withusage.cost')).toEqual([[{ served_model: 'qwen-7b' }, 1.5]])
  })

  it('are the token histogram of each line', async () => {
    const { points } = await measure({}, { inputTokens: null })
    expect(await points('gen_ai.client.token.usage')).toMatchObject([
      [
        { ...shape, 'gen_ai.token.type': 'input' },
        { count: 1, sum: 9 },
      ],
      [
        { ...shape, 'gen_ai.token.type': 'output' },
        { count: 2, sum: 10 },
      ],
    ])
  })

  it('are the durations of the request, once, in seconds', async () => {
    const timing = { streamed: true, durationMs: 2_500, timeToFirstByteMs: 500, outputTokens: 5 }
    const { points } = await measure(timing, timing)
    expect(await points('gen_ai.server.request.duration')).toMatchObject([[shape, { count: 1, sum: 2.5 }]])
    expect(await points('gen_ai.server.time_to_first_token')).toMatchObject([[shape, { count: 1, sum: 0.5 }]])
    expect(await points('gen_ai.server.time_per_output_token')).toMatchObject([[shape, { count: 1, sum: 0.5 }]])
  })

  it.each([
    ['has no first token when it was not streamed', { streamed: false }],
    ['has no first token when it broke off', { streamed: true, outcome: 'cancelled' as const }],
    ['has no first token when no byte was seen', { streamed: true, timeToFirstByteMs: null }],
  ])('%s', async (_, fields) => {
    const { points } = await measure(fields)
    expect(await points('gen_ai.server.time_to_first_token')).toEqual([])
    expect(await points('gen_ai.server.time_per_output_token')).toEqual([])
  })

  it.each([0, 1, null])('has no time between tokens with %s of them', async (outputTokens) => {
    const { points } = await measure({ streamed: true, outputTokens })
    expect(await points('gen_ai.server.time_to_first_token')).toHaveLength(1)
    expect(await points('gen_ai.server.time_per_output_token')).toEqual([])
  })

  it('says of a request that failed that it did', async () => {
    const { points } = await measure({ outcome: 'failed' })
    expect(await points('gen_ai.server.request.duration')).toMatchObject([[{ ...shape, 'error.type': '_OTHER' }, {}]])
  })
})

describe('labels', () => {
  it('are bounded: of 10,000 models the later ones are `other`, and no token is lost', async () => {
    const { meter, points, collect } = openSdk()
    const telemetry = createTelemetry(meter)
    for (let model = 0; model < 10_000; model++) {
      const name = `model-${model}`
      telemetry.stored([sampleRecord({ servedModel: name, requestedModel: name, provider: name, operation: name })])
      telemetry.accounted('recorded', null, `/route-${model}`)
    }
    const tokens = await points('withusage.tokens')
    const models = new Set(tokens.map(([{ served_model }]) => served_model))
    expect(models).toContain('other')
    expect(models.size).toBe(501)
    expect(tokens.reduce((sum, [, value]) => sum + (value as number), 0)).toBe(10_000 * 14)
    for (const { descriptor, dataPoints } of await collect())
      expect(dataPoints.length, descriptor.name).toBeLessThanOrEqual(2_000)
    expect(await valuesOf(collect, 'gen_ai.provider.name')).toBeLessThanOrEqual(51)
    expect(await valuesOf(collect, 'gen_ai.operation.name')).toBeLessThanOrEqual(51)
    expect(await valuesOf(collect, 'endpoint')).toBe(501)
  })

  it('of served models are not used up by the models that callers ask for', async () => {
    const { meter, points } = openSdk()
    const telemetry = createTelemetry(meter)
    for (let model = 0; model < 1_000; model++)
      telemetry.stored([sampleRecord({ servedModel: 'qwen-7b', requestedModel: `made-up-${model}` })])
    telemetry.stored([sampleRecord({ servedModel: 'llama-70b', requestedModel: 'auto' })])
    expect(new Set((await points('withusage.tokens')).map(([{ served_model }]) => served_model))).toEqual(
      new Set(['qwen-7b', 'llama-70b']),
    )
  })

  it('never name a user, a key, a project, a tag or an id', async () => {
    const { meter, collect } = openSdk()
    const { recorder } = recording(undefined, { meter })
    const secret = 'do-not-label'
    recorder.record([
      sampleRecord({
        streamed: true,
        userId: secret,
        userName: secret,
        apiKeyId: secret,
        apiKeyName: secret,
        projectId: secret,
        tags: { [secret]: secret },
        correlationId: secret,
        responseId: secret,
        traceId: secret,
      }),
    ])
    await recorder.flush()
    const labels = (await collect()).flatMap(({ dataPoints }) => dataPoints.map(({ attributes }) => attributes))
    expect(labels.length).toBeGreaterThan(5)
    expect(JSON.stringify(labels)).not.toContain(secret)
  })
})

describe('the global meter provider', () => {
  afterEach(() => metrics.disable())

  it('is used although it was registered after the recorder was made and used', async () => {
    const { recorder } = recording()
    recorder.open({ endpoint: '/before' }).ignored('status_4xx')
    const { provider, points } = openSdk()
    metrics.setGlobalMeterProvider(provider)
    recorder.open({ endpoint: '/after' }).ignored('status_4xx')
    expect(await points(requests)).toEqual([[{ account: 'ignored', reason: 'status_4xx', endpoint: '/after' }, 1]])
  })

  it('is left alone when a meter was given', async () => {
    const own = openSdk()
    const global = openSdk()
    metrics.setGlobalMeterProvider(global.provider)
    const { recorder } = recording(undefined, { meter: own.meter })
    recorder.open({ endpoint: '/chat' }).ignored('status_4xx')
    expect(await own.points(requests)).toHaveLength(1)
    expect(await global.collect()).toEqual([])
  })
})

describe('the active span', () => {
  afterEach(() => {
    context.disable()
    trace.disable()
  })

  function openTracing() {
    const exporter = new InMemorySpanExporter()
    const provider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] })
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
    trace.setGlobalTracerProvider(provider)
    return { exporter, tracer: trace.getTracer('test') }
  }

  it('gets the usage of the request that runs in it, and the record gets its ids', async () => {
    const { exporter, tracer } = openTracing()
    const meter = metering()
    const handler = meter.wrap(async () =>
      json(
        chatCompletion({
          usage: {
            prompt_tokens: 9,
            completion_tokens: 5,
            total_tokens: 14,
            prompt_tokens_details: { cached_tokens: 4 },
            completion_tokens_details: { reasoning_tokens: 2 },
          },
        }),
      ),
    )
    await tracer.startActiveSpan('request', async (span) => {
      const response = await handler(post())
      await response.text()
      const { traceId, spanId } = await meter.record()
      expect({ traceId, spanId }).toEqual({ traceId: span.spanContext().traceId, spanId: span.spanContext().spanId })
      span.end()
    })
    expect(exporter.getFinishedSpans()[0]?.attributes).toMatchObject({
      'gen_ai.operation.name': 'chat',
      'gen_ai.response.model': 'qwen-7b',
      'gen_ai.response.id': 'chatcmpl-1',
      'gen_ai.usage.input_tokens': 9,
      'gen_ai.usage.output_tokens': 5,
      'gen_ai.usage.cache_read.input_tokens': 4,
      'gen_ai.usage.reasoning.output_tokens': 2,
    })
    expect(JSON.stringify(exporter.getFinishedSpans()[0]?.attributes)).not.toContain('local')
  })

  it('that has ended is left alone', async () => {
    const { exporter, tracer } = openTracing()
    const meter = metering()
    const response = await tracer.startActiveSpan('request', async (span) => {
      const answer = await meter.wrap(async () => json(chatCompletion()))(post())
      span.end()
      return answer
    })
    await response.text()
    await meter.recorder.flush()
    expect(exporter.getFinishedSpans()[0]?.attributes).toEqual({})
    expect(meter.errors).toEqual([])
  })
})

async function valuesOf(collect: () => Promise<MetricData[]>, label: string): Promise<number> {
  const points = (await collect()).flatMap(({ dataPoints }) => dataPoints.map(({ attributes }) => attributes[label]))
  return new Set(points.filter((value) => value !== undefined)).size
}
