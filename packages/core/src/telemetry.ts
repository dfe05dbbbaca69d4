import {
  type Attributes,
  type Counter,
  createNoopMeter,
  type Histogram,
  type Meter,
  metrics,
  type Span,
} from '@opentelemetry/api'
import type { DrainEnd } from './drain.ts'
import { LabelSet } from './labels.ts'
import type { UsageRecord } from './record.ts'
import type { Account, Reason } from './types.ts'

/**
 * Every instrument, with its unit and, for histograms, the bucket boundaries that the conventions advise.
 *
 * @see https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-metrics/
 */
const COUNTERS = {
  requests: ['withusage.requests', '{request}', 'Requests, by how they were accounted for.'],
  unrecorded: ['withusage.unrecorded', '{request}', 'Requests that should have a record and have none.'],
  tokens: ['withusage.tokens', '{token}', 'Tokens of stored records. Subsets are counted in their totals too.'],
  cost: ['withusage.cost', 'USD', 'Cost of stored records.'],
  drains: ['withusage.drains', '{body}', 'Bodies of clients that had left, by how reading them on ended.'],
  dropped: ['withusage.dropped', '{item}', 'What a bound or a check has cut, dropped or found wrong.'],
} as const

const HISTOGRAMS = {
  tokenUsage: [
    'gen_ai.client.token.usage',
    '{token}',
    'Number of input and output tokens used.',
    [1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864],
  ],
  requestDuration: [
    'gen_ai.server.request.duration',
    's',
    'Generative AI server request duration such as time-to-last byte or last output token.',
    [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92],
  ],
  timeToFirstToken: [
    'gen_ai.server.time_to_first_token',
    's',
    'Time to generate first token for successful responses.',
    [0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10],
  ],
  timePerOutputToken: [
    'gen_ai.server.time_per_output_token',
    's',
    'Time per output token generated after the first token for successful responses.',
    [0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5],
  ],
} as const

/** What `withusage.dropped` counts. */
export type Dropped = 'stamp_outside' | 'stamp_settled' | 'value_cut' | 'line' | 'tally' | 'invariant'

/** Kinds of `withusage.tokens`: disjoint counts would be wrong where a provider sends no split, so subsets overlap. */
const TOKEN_KINDS = [
  ['input', 'inputTokens'],
  ['output', 'outputTokens'],
  ['cache_read', 'cacheReadTokens'],
  ['cache_write', 'cacheWriteTokens'],
  ['reasoning', 'reasoningTokens'],
] as const

const MODEL_LABELS = 500
const ENDPOINT_LABELS = 500
const WORD_LABELS = 50
const NANO = 1e9

/** The metrics of one recorder. */
export interface Telemetry {
  /** A request was accounted for. */
  accounted(account: Account, reason: Reason | null, endpoint: string): void
  /** The store has acknowledged the records of one request. */
  stored(records: readonly UsageRecord[]): void
  /** A body that goes on without its client has ended, or may not. */
  drained(end: DrainEnd): void
  dropped(what: Dropped): void
}

type Instruments = Record<keyof typeof COUNTERS, Counter> & Record<keyof typeof HISTOGRAMS, Histogram>

function createInstruments(meter: Meter): Instruments {
  const counter = ([name, unit, description]: (typeof COUNTERS)[keyof typeof COUNTERS]): Counter =>
    meter.createCounter(name, { unit, description })
  const histogram = ([name, unit, description, boundaries]: (typeof HISTOGRAMS)[keyof typeof HISTOGRAMS]): Histogram =>
    meter.createHistogram(name, { unit, description, advice: { explicitBucketBoundaries: [...boundaries] } })
  return {
    requests: counter(COUNTERS.requests),
    unrecorded: counter(COUNTERS.unrecorded),
    tokens: counter(COUNTERS.tokens),
    cost: counter(COUNTERS.cost),
    drains: counter(COUNTERS.drains),
    dropped: counter(COUNTERS.dropped),
    tokenUsage: histogram(HISTOGRAMS.tokenUsage),
    requestDuration: histogram(HISTOGRAMS.requestDuration),
    timeToFirstToken: histogram(HISTOGRAMS.timeToFirstToken),
    timePerOutputToken: histogram(HISTOGRAMS.timePerOutputToken),
  }
}

/**
 * Instruments of the given meter, else of the global provider, which may be registered after the first request: it is
 * looked at again whenever it changes. `null` where nobody measures: then nothing is made to be measured.
 */
function instrumentsOf(meter: Meter | undefined): () => Instruments | null {
  if (meter) {
    const fixed = createInstruments(meter)
    return () => fixed
  }
  let provider: ReturnType<typeof metrics.getMeterProvider> | undefined
  let current: Instruments | null = null
  return () => {
    const now = metrics.getMeterProvider()
    if (now !== provider || current === null) {
      const found = now.getMeter('withusage')
      current = found === createNoopMeter() ? null : createInstruments(found)
      provider = now
    }
    return current
  }
}

/**
 * @param meter default: the meter `withusage` of the global OpenTelemetry provider
 * @param onFailure told of what an instrument threw: it never reaches the account
 */
export function createTelemetry(meter?: Meter, onFailure: (cause: unknown) => void = () => {}): Telemetry {
  const instruments = instrumentsOf(meter)
  const labels = createLabels()
  const endpoints = new LabelSet(ENDPOINT_LABELS)

  /** Measures, where somebody does. */
  function measuring<Args extends unknown[]>(
    measure: (to: Instruments, ...args: Args) => void,
  ): (...args: Args) => void {
    return (...args) => {
      try {
        const to = instruments()
        if (to) measure(to, ...args)
      } catch (cause) {
        onFailure(cause)
      }
    }
  }

  return {
    accounted: measuring((to, account: Account, reason: Reason | null, endpoint: string) => {
      const label = endpoints.bound(endpoint)
      to.requests.add(1, reason === null ? { account, endpoint: label } : { account, reason, endpoint: label })
      if (account === 'unrecorded' && reason !== null) to.unrecorded.add(1, { endpoint: label, reason })
    }),
    stored: measuring((to, records: readonly UsageRecord[]) => {
      for (const record of records) storedLine(to, record, labels)
      const first = records[0]
      if (first) storedRequest(to, first, labels)
    }),
    drained: measuring((to, end: DrainEnd) => to.drains.add(1, { end })),
    dropped: measuring((to, what: Dropped) => to.dropped.add(1, { what })),
  }
}

/** The labels of stored records. A caller may ask for any model, so that those cannot crowd out the served ones. */
interface Labels {
  requestedModels: LabelSet
  servedModels: LabelSet
  providers: LabelSet
  operations: LabelSet
}

function createLabels(): Labels {
  return {
    requestedModels: new LabelSet(MODEL_LABELS),
    servedModels: new LabelSet(MODEL_LABELS),
    providers: new LabelSet(WORD_LABELS),
    operations: new LabelSet(WORD_LABELS),
  }
}

function storedLine(to: Instruments, record: UsageRecord, labels: Labels): void {
  const model = labels.servedModels.bound(record.servedModel ?? 'unknown')
  for (const [kind, field] of TOKEN_KINDS) {
    const count = record[field]
    if (count !== null) to.tokens.add(count, { served_model: model, kind })
  }
  if (record.costNanoUsd !== null) to.cost.add(record.costNanoUsd / NANO, { served_model: model })
  const attributes = genAiAttributes(record, labels)
  if (record.inputTokens !== null)
    to.tokenUsage.record(record.inputTokens, { ...attributes, 'gen_ai.token.type': 'input' })
  if (record.outputTokens !== null)
    to.tokenUsage.record(record.outputTokens, { ...attributes, 'gen_ai.token.type': 'output' })
}

function storedRequest(to: Instruments, record: UsageRecord, labels: Labels): void {
  const attributes = genAiAttributes(record, labels)
  const seconds = record.durationMs / 1000
  to.requestDuration.record(
    seconds,
    record.outcome === 'failed' ? { ...attributes, 'error.type': '_OTHER' } : attributes,
  )
  if (!record.streamed || record.outcome !== 'complete' || record.timeToFirstByteMs === null) return
  const first = record.timeToFirstByteMs / 1000
  to.timeToFirstToken.record(first, attributes)
  const { outputTokens } = record
  if (outputTokens !== null && outputTokens > 1)
    to.timePerOutputToken.record((seconds - first) / (outputTokens - 1), attributes)
}

function genAiAttributes(record: UsageRecord, labels: Labels): Attributes {
  const attributes: Attributes = {}
  const put = (name: string, values: LabelSet, value: string | null): void => {
    if (value !== null) attributes[name] = values.bound(value)
  }
  put('gen_ai.operation.name', labels.operations, record.operation)
  put('gen_ai.provider.name', labels.providers, record.provider)
  put('gen_ai.request.model', labels.requestedModels, record.requestedModel)
  put('gen_ai.response.model', labels.servedModels, record.servedModel)
  return attributes
}

/** Puts the usage of the first line on the span that the request runs in, if that is still open. */
export function annotateSpan(span: Span | undefined, record: UsageRecord): void {
  if (!span?.isRecording()) return
  const attributes: Attributes = {}
  const put = (name: string, value: string | number | null): void => {
    if (value !== null) attributes[name] = value
  }
  put('gen_ai.operation.name', record.operation)
  put('gen_ai.provider.name', record.provider)
  put('gen_ai.request.model', record.requestedModel)
  put('gen_ai.response.model', record.servedModel)
  put('gen_ai.response.id', record.responseId)
  put('gen_ai.usage.input_tokens', record.inputTokens)
  put('gen_ai.usage.output_tokens', record.outputTokens)
  put('gen_ai.usage.cache_read.input_tokens', record.cacheReadTokens)
  put('gen_ai.usage.cache_creation.input_tokens', record.cacheWriteTokens)
  put('gen_ai.usage.reasoning.output_tokens', record.reasoningTokens)
  span.setAttributes(attributes)
}

let globalTelemetry: Telemetry | undefined

/** Counts a stamp that belongs to no recorder. */
export function discardedStamps(where: 'outside'): void {
  globalTelemetry ??= createTelemetry()
  globalTelemetry.dropped(`stamp_${where}`)
}
