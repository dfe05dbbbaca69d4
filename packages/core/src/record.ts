import { z } from 'zod'

/** Tokens and units are counts: whole, not negative, exact in a double. */
const count = z.int().min(0)
const text = z.string()
const id = z.string().min(1)

/** The units a provider may bill beside tokens. Closed: a unit no one documented is not stored. */
const unitsSchema = z.strictObject({
  searchUnits: z.number().min(0).optional(),
  images: z.number().min(0).optional(),
  audioSeconds: z.number().min(0).optional(),
  characters: z.number().min(0).optional(),
  classifications: z.number().min(0).optional(),
  webSearches: z.number().min(0).optional(),
  webFetches: z.number().min(0).optional(),
})

/** The count fields of a line, in the order in which they are documented, stored and summed. */
export const TOKEN_FIELDS = [
  'inputTokens',
  'outputTokens',
  'totalTokens',
  'cacheReadTokens',
  'cacheWriteTokens',
  'cacheWrite1hTokens',
  'reasoningTokens',
  'inputAudioTokens',
  'outputAudioTokens',
  'inputImageTokens',
  'outputImageTokens',
] as const

export type TokenField = (typeof TOKEN_FIELDS)[number]

/** Which count a subset belongs to. */
export const SUBSETS: readonly (readonly [subset: TokenField, total: TokenField])[] = [
  ['cacheReadTokens', 'inputTokens'],
  ['cacheWriteTokens', 'inputTokens'],
  ['cacheWrite1hTokens', 'cacheWriteTokens'],
  ['reasoningTokens', 'outputTokens'],
  ['inputAudioTokens', 'inputTokens'],
  ['outputAudioTokens', 'outputTokens'],
  ['inputImageTokens', 'inputTokens'],
  ['outputImageTokens', 'outputTokens'],
]

/**
 * One model call of one request: who used which model, and how many tokens. A request with several model calls has
 * several records that share `requestId`. `null` is "not known" in every field.
 */
export const usageRecordSchema = z.strictObject({
  /** Version of this shape. */
  recordVersion: z.literal(1),
  /** UUIDv7, the idempotency key. Derived from the response id where the same result can be fetched again. */
  id: z.uuid(),
  /** Shared by all lines of one request. */
  requestId: z.uuid(),
  /** From 0. */
  line: count,
  /** When the request began; the time inside `id`. */
  createdAt: z.date(),
  /** From the start of the request to its settlement. */
  durationMs: z.number().min(0),
  /** From the start of the request to the first body byte; `null` when no byte was seen. */
  timeToFirstByteMs: z.number().min(0).nullable(),
  /** The body came as a stream of events. */
  streamed: z.boolean(),
  /** HTTP status; 0 when the handler threw, or had not answered when the request ended. */
  status: z.int().min(0).max(999),
  outcome: z.enum(['complete', 'cancelled', 'failed']),
  evidence: z.enum(['stamp', 'upstream', 'body', 'estimate']),
  /** A route, never a raw path: `'/v1/chat/completions'`; `'other'` when none is known. */
  endpoint: id,
  /** OpenTelemetry's `gen_ai.operation.name`. */
  operation: text.nullable(),
  /** OpenTelemetry's `gen_ai.provider.name`. */
  provider: text.nullable(),
  /** Wire format of the response: `'openai-chat'`. */
  format: text.nullable(),
  requestedModel: text.nullable(),
  servedModel: text.nullable(),

  inputTokens: count.nullable(),
  outputTokens: count.nullable(),
  totalTokens: count.nullable(),
  cacheReadTokens: count.nullable(),
  cacheWriteTokens: count.nullable(),
  cacheWrite1hTokens: count.nullable(),
  reasoningTokens: count.nullable(),
  inputAudioTokens: count.nullable(),
  outputAudioTokens: count.nullable(),
  inputImageTokens: count.nullable(),
  outputImageTokens: count.nullable(),
  /** What is billed but is not tokens. */
  units: unitsSchema.nullable(),
  serviceTier: text.nullable(),
  /** What the provider says it charged, integer nano-USD. */
  providerCostNanoUsd: count.nullable(),
  /** The parts add up to the provider's own total and no subset exceeds its total. */
  consistent: z.boolean(),
  /** The provider had finished counting. `false`: a lower bound. */
  final: z.boolean(),

  /** Prompt tokens before and after a filter changed the prompt. */
  preFilterInputTokens: count.nullable(),
  postFilterInputTokens: count.nullable(),
  /** Prompt tokens the server really evaluated. */
  prefillTokens: count.nullable(),
  /** Tokens drafted by speculative decoding. */
  draftTokens: count.nullable(),

  userId: id,
  userName: text.nullable(),
  /** Where the call came from: `'web'`, `'apikey'`. */
  source: id,
  apiKeyId: text.nullable(),
  /** The key's name when it was used. */
  apiKeyName: text.nullable(),
  projectId: text.nullable(),
  tags: z.record(z.string(), z.string()),
  correlationId: text.nullable(),
  /** The provider's own id of the response. */
  responseId: text.nullable(),
  /** W3C trace and span ids of the request, lower-case hex. */
  traceId: text.nullable(),
  spanId: text.nullable(),

  /** Our price, integer nano-USD. */
  costNanoUsd: count.nullable(),
  /** The price list that gave `costNanoUsd`. */
  pricingVersion: text.nullable(),
  /** The provider's own usage object as sent, at most 4 KiB of JSON. */
  raw: z.unknown(),
})

/** One model call of one request, as it is stored. The schema documents each field. @see usageRecordSchema */
export type UsageRecord = z.infer<typeof usageRecordSchema>
