import type { Tally, UsageRecord } from '@withusage/core'

let made = 0

/** Noon of an ordinary day: what samples have for a time when none is given. */
export const SAMPLE_TIME = new Date('2026-03-10T12:00:00.000Z')

/** A valid record of one complete chat call, a new request each time. Give the fields that matter to the test. */
export function sampleRecord(fields: Partial<UsageRecord> = {}): UsageRecord {
  const createdAt = fields.createdAt ?? SAMPLE_TIME
  return {
    recordVersion: 1,
    id: sampleId(createdAt),
    requestId: sampleId(createdAt),
    line: 0,
    createdAt,
    durationMs: 840.5,
    timeToFirstByteMs: 120.25,
    streamed: false,
    status: 200,
    outcome: 'complete',
    evidence: 'body',
    endpoint: '/v1/chat/completions',
    operation: 'chat',
    provider: 'openai',
    format: 'openai-chat',
    requestedModel: 'sample-model',
    servedModel: 'sample-model',
    inputTokens: 9,
    outputTokens: 5,
    totalTokens: 14,
    cacheReadTokens: null,
    cacheWriteTokens: null,
    cacheWrite1hTokens: null,
    reasoningTokens: null,
    inputAudioTokens: null,
    outputAudioTokens: null,
    inputImageTokens: null,
    outputImageTokens: null,
    units: null,
    serviceTier: null,
    providerCostNanoUsd: null,
    consistent: true,
    final: true,
    preFilterInputTokens: null,
    postFilterInputTokens: null,
    prefillTokens: null,
    draftTokens: null,
    userId: 'user-1',
    userName: null,
    source: 'web',
    apiKeyId: null,
    apiKeyName: null,
    projectId: null,
    tags: {},
    correlationId: null,
    responseId: null,
    traceId: null,
    spanId: null,
    costNanoUsd: null,
    pricingVersion: null,
    raw: null,
    ...fields,
  }
}

/** The lines of one request, one for each set of fields. */
export function sampleRequest(lines: readonly Partial<UsageRecord>[]): UsageRecord[] {
  const requestId = sampleId(lines[0]?.createdAt ?? SAMPLE_TIME)
  return lines.map((fields, line) => sampleRecord({ requestId, line, ...fields }))
}

/** A tally of requests whose body had no usage. Give the fields that matter to the test. */
export function sampleTally(fields: Partial<Tally> = {}): Tally {
  return {
    instanceId: 'instance-1',
    slot: SAMPLE_TIME,
    endpoint: '/v1/chat/completions',
    account: 'unrecorded',
    reason: 'no_usage',
    count: 1,
    ...fields,
  }
}

/** A UUIDv7 of the instant; no two in a process are the same. */
export function sampleId(createdAt: Date): string {
  made += 1
  const time = createdAt.getTime().toString(16).padStart(12, '0')
  return `${time.slice(0, 8)}-${time.slice(8)}-7000-8000-${made.toString(16).padStart(12, '0')}`
}
