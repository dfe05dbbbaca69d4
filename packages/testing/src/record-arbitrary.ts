import type { UsageRecord } from '@withusage/core'
import fc from 'fast-check'
import { sampleId } from './sample-record.ts'

const count = fc.maxSafeNat()
const duration = fc.double({ min: 0, max: 1e12, noNaN: true }).map((ms) => Math.abs(ms))
const text = fc.string({ unit: 'grapheme', maxLength: 40 })
const name = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 })
const createdAt = fc.date({
  min: new Date('2020-01-01T00:00:00Z'),
  max: new Date('2040-01-01T00:00:00Z'),
  noInvalidDate: true,
})
const known = <Value>(arbitrary: fc.Arbitrary<Value>): fc.Arbitrary<Value | null> => fc.option(arbitrary, { nil: null })
/** JSON has no negative zero. */
const json = fc.jsonValue({ stringUnit: 'grapheme', maxDepth: 4 }).map((value) => JSON.parse(JSON.stringify(value)))

/** Any record that the schema of one record allows, as far as its fields do not depend on each other. */
export const arbitraryRecord: fc.Arbitrary<UsageRecord> = fc
  .record({
    recordVersion: fc.constant(1 as const),
    line: fc.nat(),
    createdAt,
    durationMs: duration,
    timeToFirstByteMs: known(duration),
    streamed: fc.boolean(),
    status: fc.nat({ max: 999 }),
    outcome: fc.constantFrom('complete' as const, 'cancelled' as const, 'failed' as const),
    evidence: fc.constantFrom('stamp' as const, 'upstream' as const, 'body' as const, 'estimate' as const),
    endpoint: name,
    operation: known(text),
    provider: known(text),
    format: known(text),
    requestedModel: known(text),
    servedModel: known(text),
    inputTokens: known(count),
    outputTokens: known(count),
    totalTokens: known(count),
    cacheReadTokens: known(count),
    cacheWriteTokens: known(count),
    cacheWrite1hTokens: known(count),
    reasoningTokens: known(count),
    inputAudioTokens: known(count),
    outputAudioTokens: known(count),
    inputImageTokens: known(count),
    outputImageTokens: known(count),
    units: known(fc.record({ images: count, audioSeconds: duration }, { requiredKeys: [], noNullPrototype: true })),
    serviceTier: known(text),
    providerCostNanoUsd: known(count),
    consistent: fc.boolean(),
    final: fc.boolean(),
    preFilterInputTokens: known(count),
    postFilterInputTokens: known(count),
    prefillTokens: known(count),
    draftTokens: known(count),
    userId: name,
    userName: known(text),
    source: name,
    apiKeyId: known(text),
    apiKeyName: known(text),
    projectId: known(text),
    tags: fc.dictionary(text, text, { maxKeys: 5, noNullPrototype: true }),
    correlationId: known(text),
    responseId: known(text),
    traceId: known(text),
    spanId: known(text),
    costNanoUsd: known(count),
    pricingVersion: known(text),
    raw: json,
  })
  .map((fields) => ({ id: sampleId(fields.createdAt), requestId: sampleId(fields.createdAt), ...fields }))
