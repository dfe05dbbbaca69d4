import type { UsageRecord } from '@withusage/core'
import { storableJson, storableText } from '@withusage/core/store-kit'
import type { Cell } from './driver.ts'

/** How a field lies in its column: booleans as 0 and 1, instants as epoch milliseconds, JSON as text. */
type Kind = 'text' | 'integer' | 'real' | 'boolean' | 'instant' | 'json' | 'tags'

/** Column and kind of every field of a record. */
export const RECORD_COLUMNS = {
  recordVersion: ['record_version', 'integer'],
  id: ['id', 'text'],
  requestId: ['request_id', 'text'],
  line: ['line', 'integer'],
  createdAt: ['created_at', 'instant'],
  durationMs: ['duration_ms', 'real'],
  timeToFirstByteMs: ['time_to_first_byte_ms', 'real'],
  streamed: ['streamed', 'boolean'],
  status: ['status', 'integer'],
  outcome: ['outcome', 'text'],
  evidence: ['evidence', 'text'],
  endpoint: ['endpoint', 'text'],
  operation: ['operation', 'text'],
  provider: ['provider', 'text'],
  format: ['format', 'text'],
  requestedModel: ['requested_model', 'text'],
  servedModel: ['served_model', 'text'],
  inputTokens: ['input_tokens', 'integer'],
  outputTokens: ['output_tokens', 'integer'],
  totalTokens: ['total_tokens', 'integer'],
  cacheReadTokens: ['cache_read_tokens', 'integer'],
  cacheWriteTokens: ['cache_write_tokens', 'integer'],
  cacheWrite1hTokens: ['cache_write_1h_tokens', 'integer'],
  reasoningTokens: ['reasoning_tokens', 'integer'],
  inputAudioTokens: ['input_audio_tokens', 'integer'],
  outputAudioTokens: ['output_audio_tokens', 'integer'],
  inputImageTokens: ['input_image_tokens', 'integer'],
  outputImageTokens: ['output_image_tokens', 'integer'],
  units: ['units', 'json'],
  serviceTier: ['service_tier', 'text'],
  providerCostNanoUsd: ['provider_cost_nano_usd', 'integer'],
  consistent: ['consistent', 'boolean'],
  final: ['final', 'boolean'],
  preFilterInputTokens: ['pre_filter_input_tokens', 'integer'],
  postFilterInputTokens: ['post_filter_input_tokens', 'integer'],
  prefillTokens: ['prefill_tokens', 'integer'],
  draftTokens: ['draft_tokens', 'integer'],
  userId: ['user_id', 'text'],
  userName: ['user_name', 'text'],
  source: ['source', 'text'],
  apiKeyId: ['api_key_id', 'text'],
  apiKeyName: ['api_key_name', 'text'],
  projectId: ['project_id', 'text'],
  tags: ['tags', 'tags'],
  correlationId: ['correlation_id', 'text'],
  responseId: ['response_id', 'text'],
  traceId: ['trace_id', 'text'],
  spanId: ['span_id', 'text'],
  costNanoUsd: ['cost_nano_usd', 'integer'],
  pricingVersion: ['pricing_version', 'text'],
  raw: ['raw', 'json'],
} as const satisfies Record<keyof UsageRecord, readonly [column: string, kind: Kind]>

interface Field {
  name: keyof UsageRecord
  kind: Kind
}

const fields: Field[] = Object.entries(RECORD_COLUMNS).map(([name, [, kind]]) => ({
  name: name as keyof UsageRecord,
  kind,
}))

/** The columns of a record, in the order of `encodeRecord` and `decodeRecord`. */
export const COLUMN_NAMES: readonly string[] = Object.values(RECORD_COLUMNS).map(([column]) => column)

/**
 * The cells of a record that `checkRecord` has passed.
 *
 * @throws UsageError `record-refused` when `raw` is not JSON
 */
export function encodeRecord(record: UsageRecord): Cell[] {
  return fields.map(({ name, kind }) => encode(record[name], kind))
}

/** A row, column name by value, as the record that was written. */
export function decodeRecord(row: Record<string, unknown>): UsageRecord {
  const record = fields.map(({ name, kind }) => [name, decode(row[RECORD_COLUMNS[name][0]] as Cell, kind)])
  return Object.fromEntries(record) as UsageRecord
}

function encode(value: unknown, kind: Kind): Cell {
  if (kind === 'tags') return storableJson(value) ?? '{}'
  if (kind === 'json') return storableJson(value)
  if (value === null) return null
  if (kind === 'text') return storableText(value as string)
  if (kind === 'boolean') return value ? 1 : 0
  return kind === 'instant' ? (value as Date).getTime() : (value as number)
}

function decode(cell: Cell, kind: Kind): unknown {
  if (cell === null) return null
  if (kind === 'boolean') return cell === 1
  if (kind === 'instant') return new Date(cell)
  if (kind === 'json' || kind === 'tags') return JSON.parse(cell as string)
  return cell
}
