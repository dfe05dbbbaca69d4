import type { UsageRecord } from './record.ts'

/**
 * Token counts of one model call. Counts are inclusive totals with subsets: `inputTokens` counts every prompt token,
 * cached ones included; `outputTokens` every generated token, reasoning included. `null` is "the provider did not say";
 * a 0 is a 0 that the provider sent.
 *
 * @see https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-spans/
 */
export interface TokenUsage {
  /** All prompt tokens, cached ones included. */
  inputTokens: number | null
  /** All generated tokens, reasoning included. */
  outputTokens: number | null
  /** The provider's own total when it sent one, else the sum of the known counts, else `null`. */
  totalTokens: number | null
  /** Prompt tokens served from a cache. Subset of `inputTokens`. */
  cacheReadTokens: number | null
  /** Prompt tokens written to a cache, whatever their lifetime. Subset of `inputTokens`. */
  cacheWriteTokens: number | null
  /** Prompt tokens written to a cache that lives for an hour. Subset of `cacheWriteTokens`. */
  cacheWrite1hTokens: number | null
  /** Tokens spent on reasoning. Subset of `outputTokens`. */
  reasoningTokens: number | null
  /** Subset of `inputTokens`. */
  inputAudioTokens: number | null
  /** Subset of `outputTokens`. */
  outputAudioTokens: number | null
  /** Subset of `inputTokens`. */
  inputImageTokens: number | null
  /** Subset of `outputTokens`. */
  outputImageTokens: number | null
  /** What is billed but is not tokens. `null` when there is none. */
  units: UsageUnits | null
  /** The tier that served the call, as the response says it: `'default'`, `'priority'`, `'standard'`. */
  serviceTier: string | null
  /** What the provider says it charged, in integer nano-USD (1 USD = 1,000,000,000). */
  providerCostNanoUsd: number | null
}

/** Billed units that are not tokens. Every value is finite and not negative. */
export interface UsageUnits {
  /** Searches of a reranker, as Cohere bills them. */
  searchUnits?: number
  /** Images made. */
  images?: number
  /** Audio heard or made, in seconds. */
  audioSeconds?: number
  /** Characters of text, where speech is billed by them. */
  characters?: number
  /** Inputs classified. */
  classifications?: number
  /** Web searches that the provider ran. */
  webSearches?: number
  /** Pages that the provider fetched. */
  webFetches?: number
}

/** One model call, as read from a response. */
export interface UsageLine extends TokenUsage {
  /** The model that served the call, `null` when the response does not name it. */
  model: string | null
  /** The parts add up to the provider's own total, and no subset exceeds its total. `true` when no total was sent. */
  consistent: boolean
  /** The provider had finished counting. `false`: its last word before the stream ended, a lower bound. */
  final: boolean
}

/** Why a response gave no usage line. */
export type ReadingReason = 'no_usage' | 'unreadable_body' | 'encoded_body' | 'too_large'

/** What a meter learned from one response. */
export interface Reading {
  /** Name of the wire format: `'openai-chat'`, `'anthropic-messages'`. `null` when none was recognised. */
  format: string | null
  /** OpenTelemetry's `gen_ai.operation.name`: `'chat'`, `'embeddings'`, `'text_completion'`. `null` when not known. */
  operation: string | null
  /** The body came as a stream of events (SSE, NDJSON), not as one document. */
  streamed: boolean
  /** The model that served the call, as the response names it; `null` when it does not. */
  model: string | null
  /** The provider's own id of the response: `'chatcmpl-…'`, `'msg_…'`. */
  responseId: string | null
  /** Empty when no usage was found; more than one when the response spans several models. */
  lines: UsageLine[]
  /** `null` exactly when there are lines. */
  reason: ReadingReason | null
  /** Numbers, switches and documented words of the provider's own usage object, at most 4 KiB of JSON, else `null`. */
  raw: unknown
  /** The provider reported an error in the middle of its stream: what it had counted may not be all. */
  interrupted: boolean
  /** Prompt tokens the server really evaluated, when it says so (llama.cpp `timings.prompt_n`). */
  prefillTokens: number | null
  /** Tokens drafted by speculative decoding, when the server says so (llama.cpp `timings.draft_n`). */
  draftTokens: number | null
  /**
   * Set for a result that may be fetched again and again (an OpenAI Response made with `background: true`): what makes
   * it one record however often it is fetched. `null` for every other response.
   */
  replay: Replay | null
}

/** What identifies a result that may be fetched again, from any instance. */
export interface Replay {
  /** Unique per result: `'openai-responses:resp_123'`. */
  key: string
  /** When the provider made it; `null` when it does not say so in a way that can be believed. */
  createdAt: Date | null
  /** It is finished, so its usage is the bill. `false` while it is queued or running. */
  billable: boolean
}

/** Reads usage from the decoded bytes of one response. Synchronous; never throws; how the bytes are cut does not matter. */
export interface Meter {
  /** Takes the next bytes of the body. Nothing of the chunk is kept but what is being parsed. */
  write(chunk: Uint8Array): void
  /** Ends the reading. A second call gives the same reading. */
  end(): Reading
}

/** The response that a meter reads. */
export interface MeterResponse {
  /** Request URL or path, a hint only: some providers carry the model there. */
  url?: string | null
  /** Request method. Default `'POST'`. */
  method?: string
  /** Default 200. */
  status?: number
  /** Response headers. */
  headers: Headers
  /** Used when the response names no model. */
  requestedModel?: string | null
}

/** Who made a request. */
export interface Identity {
  /** Who pays. The id is what records are summed by; the name is a snapshot. An empty id names no one. */
  user: { id: string; name?: string | null }
  /** Where the call came from: `'web'`, `'apikey'`, `'legacy'`. Default `'web'`. */
  source?: string
  /** A snapshot: later renames of the key do not change what was recorded. */
  apiKey?: { id: string; name?: string | null } | null
  /** What the request is charged to, beside the user. Default: none. */
  project?: { id: string } | null
  /** Words of your own on every record of the request: 32, of up to 256 characters. Tags of a stamp win. */
  tags?: Record<string, string>
}

/** The user that pays when `identify` gives none. */
export type FallbackUser = Identity['user']

/** Whether the whole exchange went through. */
export type Outcome = 'complete' | 'cancelled' | 'failed'

/** Where the counts of a record come from. */
export type Evidence = 'stamp' | 'upstream' | 'body' | 'estimate'

/** Every `UnrecordedReason`, in the order in which they are documented. */
export const UNRECORDED_REASONS = [
  'no_user',
  'no_usage',
  'unreadable_body',
  'encoded_body',
  'too_large',
  'cancelled',
  'failed',
  'idle_timeout',
  'record_failed',
  'record_dropped',
] as const

/** Every `IgnoredReason`, in the order in which they are documented. */
export const IGNORED_REASONS = [
  'status_3xx',
  'status_4xx',
  'status_5xx',
  'handler_error',
  'not_inference',
  'deferred',
  'duplicate',
] as const

/** Why a request that should have a record has none. A closed set: no user text ever becomes a label. */
export type UnrecordedReason = (typeof UNRECORDED_REASONS)[number]
/** Why a request needs no record. */
export type IgnoredReason = (typeof IGNORED_REASONS)[number]
/** Why a request has no record. */
export type Reason = UnrecordedReason | IgnoredReason

/** How a request was accounted for. */
export type Account = 'recorded' | 'unrecorded' | 'ignored'

/** Keeps records and tallies. Implementations run the suite `testStore`; nothing connects on import. */
export interface UsageStore {
  /**
   * Writes all or nothing. The same record id is one row, and the first wins: a line that is stored for another request
   * is left out, and the rest of its request is written. A request of which no line is left, or one is stored already as
   * its own, is left out whole, and its id returned in `duplicates`. A tally replaces the smaller count under its key
   * (`instanceId`, `slot`, `endpoint`, `account`, `reason`). What comes back is what was written, except that lone
   * surrogates and NUL in text become U+FFFD.
   *
   * @throws UsageError `record-refused` when the content can never be stored; anything else is worth a retry.
   */
  write(batch: UsageBatch): Promise<WriteResult>
  /**
   * Sums of records by `createdAt`. Without `groupBy`, empty buckets are returned as zeros; with it, only groups that
   * have records. Ordered by `start`, then by tokens (input + output) descending, then by group, the unknown first.
   *
   * @throws UsageError `bad-option` for a query that cannot be, past 10,000 buckets, and past 100,000 rows
   */
  aggregate(query: AggregateQuery): Promise<UsageBucket[]>
  /**
   * Requests recorded, unrecorded and ignored, by endpoint and reason: each request once, so that the sum over all time
   * is the number of all requests. Counted by quarter of an hour (UTC) in which the request began, which belongs to the
   * bucket that holds its start; a request whose lines have different times is counted at its first line. Rows with a
   * count only, ordered by `start`.
   */
  account(query: AccountQuery): Promise<AccountBucket[]>
  /** Records one by one, ordered by `createdAt`, then `id`. A cursor stays true while records come and go. */
  records(query: RecordsQuery): Promise<RecordsPage>
  /** Removes records and tallies that began before the instant. When it fails part of the way, call it again. */
  prune(query: { before: Date }): Promise<{ records: number; tallies: number }>
  /** Ends the store; later calls are rejected with `store-unavailable`. Safe to call twice. */
  close(): Promise<void>
}

/** What one write brings. */
export interface UsageBatch {
  /** Records of whole requests; may be empty. */
  records: readonly UsageRecord[]
  /** Running totals, sent again until acknowledged; may be empty. */
  tallies: readonly Tally[]
}

/** What a write left out. Both lists are empty when it left out nothing. */
export interface WriteResult {
  /** Request ids that were left out whole, because what they bring is already stored. */
  duplicates: string[]
  /** Those of `duplicates` whose stored records all belong to other requests: no earlier try of the same write. */
  foreign: string[]
}

/** A running total of one recorder for one quarter of an hour, of requests that have no record. Safe to send again. */
export interface Tally {
  /** UUIDv7 of the recorder that counts: totals of several processes never meet under one key. */
  instanceId: string
  /** Start of the quarter of an hour (UTC) in which the requests began. */
  slot: Date
  /** A route, as in a record. */
  endpoint: string
  /** Which of the two the reason belongs to. */
  account: 'unrecorded' | 'ignored'
  /** Why the requests have no record. */
  reason: Reason
  /** Requests so far. */
  count: number
}

/** `null`: one bucket for the whole range. Buckets lie in the calendar of a time zone, cut to the range at its ends. */
export type Bucket = '1m' | '15m' | '1h' | '1d' | '1mo' | null

/** Every `Dimension`. */
export const DIMENSIONS = [
  'userId',
  'apiKeyId',
  'source',
  'projectId',
  'servedModel',
  'requestedModel',
  'provider',
  'endpoint',
  'evidence',
  'outcome',
  'serviceTier',
] as const

/** A record field to group or filter by. */
export type Dimension = (typeof DIMENSIONS)[number]

/** Allowed values per field; `null` matches records where the field is not known. */
export type UsageFilter = Partial<Record<Dimension, readonly (string | null)[]>>

/** Half-open: `from` is in, `to` is not. */
export interface TimeRange {
  /** The first instant of the range. */
  from: Date
  /** The first instant after it; later than `from`. */
  to: Date
}

/** Which records to sum, and by what. */
export interface AggregateQuery extends TimeRange {
  /** The length of a bucket; at most 10,000 of them. */
  bucket: Bucket
  /** IANA zone in which days and months begin. Default `'UTC'`. */
  timeZone?: string
  /** One bucket for each set of values that occurs. Default: none, and buckets without records are there too. */
  groupBy?: readonly Dimension[]
  /** Sums only the records that pass. Default: all. */
  filter?: UsageFilter
  /**
   * Keeps the groups with the most tokens over the whole range. Equal tokens are ranked by the dimensions of `groupBy`
   * in turn, `null` first, then by code point. Default: all.
   */
  limit?: number
}

/** Sums of what is known: a sum is `null` when no line of the bucket knows the count, and 0 in an empty bucket. */
export interface UsageBucket {
  /** Its first instant: never before the range. */
  start: Date
  /** The first instant after it: never after the range. */
  end: Date
  /** The values of `groupBy`, empty without it. */
  group: Partial<Record<Dimension, string | null>>
  /** Distinct requests. */
  requests: number
  /** Lines. */
  modelCalls: number
  /** Sum of `inputTokens`, cached ones included. */
  inputTokens: number | null
  /** Sum of `outputTokens`, reasoning included. */
  outputTokens: number | null
  /** Sum of `totalTokens`. */
  totalTokens: number | null
  /** Sum of `cacheReadTokens`, part of `inputTokens`. */
  cacheReadTokens: number | null
  /** Sum of `cacheWriteTokens`, part of `inputTokens`. */
  cacheWriteTokens: number | null
  /** Sum of `cacheWrite1hTokens`, part of `cacheWriteTokens`. */
  cacheWrite1hTokens: number | null
  /** Sum of `reasoningTokens`, part of `outputTokens`. */
  reasoningTokens: number | null
  /** Sum of `inputAudioTokens`, part of `inputTokens`. */
  inputAudioTokens: number | null
  /** Sum of `outputAudioTokens`, part of `outputTokens`. */
  outputAudioTokens: number | null
  /** Sum of `inputImageTokens`, part of `inputTokens`. */
  inputImageTokens: number | null
  /** Sum of `outputImageTokens`, part of `outputTokens`. */
  outputImageTokens: number | null
  /** Lines that are not final, or whose input or output count is unknown. Embeddings and rankings have no output. */
  incomplete: number
  /** Decimal string of integer nano-USD; `null` when no line has a cost, `'0'` in an empty bucket. */
  costNanoUsd: string | null
  /** Decimal string of integer nano-USD; `null` when no line has one, `'0'` in an empty bucket. */
  providerCostNanoUsd: string | null
}

/** Which requests to account for. */
export interface AccountQuery extends TimeRange {
  /** A quarter of an hour or longer: tallies are no finer. */
  bucket: Exclude<Bucket, '1m'>
  /** IANA zone in which days and months begin. Default `'UTC'`. */
  timeZone?: string
}

/** The requests of one bucket that were accounted for in one way. */
export interface AccountBucket {
  /** Its first instant: never before the range. */
  start: Date
  /** The first instant after it: never after the range. */
  end: Date
  /** A route, as in a record. */
  endpoint: string
  /** What became of them. */
  account: Account
  /** `null` for `recorded`. */
  reason: Reason | null
  /** How many; at least 1. */
  requests: number
}

/** Which records to list, by `createdAt`. */
export interface RecordsQuery extends TimeRange {
  /** Lists only the records that pass. Default: all. */
  filter?: UsageFilter
  /** Records a page. Default 1,000, at most 10,000. */
  limit?: number
  /** `cursor` of the page before; `null` or none for the first page. */
  cursor?: string | null
}

/** One page of records. */
export interface RecordsPage {
  /** Ordered by `createdAt`, then `id`. */
  records: UsageRecord[]
  /** Give it to the next call; `null` on the last page. */
  cursor: string | null
}
