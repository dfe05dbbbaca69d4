import { z } from 'zod'

// Each is built once and used again: building a schema is most of what importing core costs.
/** Tokens and units are counts: whole, not negative, exact in a double. */
const count = z.int().min(0)
const countOrNull = count.nullable()
const amount = z.number().min(0)
const amountOrNull = amount.nullable()
const amountOrNone = amount.optional()
const id = z.string().min(1)
const uuid = z.uuid()
const text = z.string()
const textOrNull = text.nullable()
const flag = z.boolean()

/** The units a provider may bill beside tokens. Closed: a unit no one documented is not stored. */
const unitsSchema = z.strictObject({
  searchUnits: amountOrNone,
  images: amountOrNone,
  audioSeconds: amountOrNone,
  characters: amountOrNone,
  classifications: amountOrNone,
  webSearches: amountOrNone,
  webFetches: amountOrNone,
})

/** How a response ended for the client. */
export const OUTCOMES = ['complete', 'cancelled', 'failed'] as const
/** Where the counts of a record come from. */
export const EVIDENCE = ['stamp', 'upstream', 'body', 'estimate'] as const

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

/** The name of a count, `'inputTokens'`. */
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
  id: uuid,
  /** Shared by all lines of one request. */
  requestId: uuid,
  /** From 0. */
  line: count,
  /** When the request began; the time inside `id`. */
  createdAt: z.date(),
  /** From the start of the request to its settlement. */
  durationMs: amount,
  /** From the start of the request to the first body byte; `null` when no byte was seen. */
  timeToFirstByteMs: amountOrNull,
  /** The body came as a stream of events. */
  streamed: flag,
  /** HTTP status; 0 when the handler threw, or had not answered when the request ended. */
  status: z.int().min(0).max(999),
  outcome: z.enum(OUTCOMES),
  evidence: z.enum(EVIDENCE),
  /** A route, never a raw path: `'/v1/chat/completions'`; `'other'` when none is known. */
  endpoint: id,
  /** OpenTelemetry's `gen_ai.operation.name`. */
  operation: textOrNull,
  /** OpenTelemetry's `gen_ai.provider.name`. */
  provider: textOrNull,
  /** Wire format of the response: `'openai-chat'`. */
  format: textOrNull,
  requestedModel: textOrNull,
  servedModel: textOrNull,

  inputTokens: countOrNull,
  outputTokens: countOrNull,
  totalTokens: countOrNull,
  cacheReadTokens: countOrNull,
  cacheWriteTokens: countOrNull,
  cacheWrite1hTokens: countOrNull,
  reasoningTokens: countOrNull,
  inputAudioTokens: countOrNull,
  outputAudioTokens: countOrNull,
  inputImageTokens: countOrNull,
  outputImageTokens: countOrNull,
  /** What is billed but is not tokens. */
  units: unitsSchema.nullable(),
  serviceTier: textOrNull,
  /** What the provider says it charged, integer nano-USD. */
  providerCostNanoUsd: countOrNull,
  /** The parts add up to the provider's own total and no subset exceeds its total. */
  consistent: flag,
  /** The provider had finished counting. `false`: a lower bound. */
  final: flag,

  /** Prompt tokens before and after a filter changed the prompt. */
  preFilterInputTokens: countOrNull,
  postFilterInputTokens: countOrNull,
  /** Prompt tokens the server really evaluated. */
  prefillTokens: countOrNull,
  /** Tokens drafted by speculative decoding. */
  draftTokens: countOrNull,

  userId: id,
  userName: textOrNull,
  /** Where the call came from: `'web'`, `'apikey'`. */
  source: id,
  apiKeyId: textOrNull,
  /** The key's name when it was used. */
  apiKeyName: textOrNull,
  projectId: textOrNull,
  tags: z.record(text, text),
  correlationId: textOrNull,
  /** The provider's own id of the response. */
  responseId: textOrNull,
  /** W3C trace and span ids of the request, lower-case hex. */
  traceId: textOrNull,
  spanId: textOrNull,

  /** Our price, integer nano-USD. */
  costNanoUsd: countOrNull,
  /** The price list that gave `costNanoUsd`. */
  pricingVersion: textOrNull,
  /** Numbers, switches and documented words of the provider's own usage object, at most 4 KiB of JSON. */
  raw: z.unknown(),
})

/** One model call of one request, as it is stored. The schema documents each field. @see usageRecordSchema */
export type UsageRecord = z.infer<typeof usageRecordSchema>
