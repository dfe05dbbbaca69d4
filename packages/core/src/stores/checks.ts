import { UsageError } from '../errors.ts'
import type { UsageRecord } from '../record.ts'
import { SLOT_MS } from '../tallies.ts'
import type { Tally } from '../types.ts'

type Check = (value: unknown) => boolean

const isText: Check = (value) => typeof value === 'string'
const isName: Check = (value) => typeof value === 'string' && value !== ''
const isFlag: Check = (value) => typeof value === 'boolean'
const isCount: Check = (value) => Number.isSafeInteger(value) && (value as number) >= 0
const isAmount: Check = (value) => Number.isFinite(value) && (value as number) >= 0
const isInstant: Check = (value) => value instanceof Date && !Number.isNaN(value.getTime())
const isTags: Check = (value) => isObjectOf(value, isText)
const isUnits: Check = (value) => value === null || isObjectOf(value, isAmount)
const isTextOrNull: Check = (value) => value === null || isText(value)
const isCountOrNull: Check = (value) => value === null || isCount(value)
const isAmountOrNull: Check = (value) => value === null || isAmount(value)

/**
 * What each field of a record must be, for every store alike. The recorder holds records to the whole of
 * `usageRecordSchema`; this is the part of it without which a sum or a query would go wrong, at a third of the time.
 */
const RECORD_CHECKS = {
  recordVersion: (value) => value === 1,
  id: isName,
  requestId: isName,
  line: isCount,
  createdAt: isInstant,
  durationMs: isAmount,
  timeToFirstByteMs: isAmountOrNull,
  streamed: isFlag,
  status: isCount,
  outcome: isName,
  evidence: isName,
  endpoint: isName,
  operation: isTextOrNull,
  provider: isTextOrNull,
  format: isTextOrNull,
  requestedModel: isTextOrNull,
  servedModel: isTextOrNull,
  inputTokens: isCountOrNull,
  outputTokens: isCountOrNull,
  totalTokens: isCountOrNull,
  cacheReadTokens: isCountOrNull,
  cacheWriteTokens: isCountOrNull,
  cacheWrite1hTokens: isCountOrNull,
  reasoningTokens: isCountOrNull,
  inputAudioTokens: isCountOrNull,
  outputAudioTokens: isCountOrNull,
  inputImageTokens: isCountOrNull,
  outputImageTokens: isCountOrNull,
  units: isUnits,
  serviceTier: isTextOrNull,
  providerCostNanoUsd: isCountOrNull,
  consistent: isFlag,
  final: isFlag,
  preFilterInputTokens: isCountOrNull,
  postFilterInputTokens: isCountOrNull,
  prefillTokens: isCountOrNull,
  draftTokens: isCountOrNull,
  userId: isName,
  userName: isTextOrNull,
  source: isName,
  apiKeyId: isTextOrNull,
  apiKeyName: isTextOrNull,
  projectId: isTextOrNull,
  tags: isTags,
  correlationId: isTextOrNull,
  responseId: isTextOrNull,
  traceId: isTextOrNull,
  spanId: isTextOrNull,
  costNanoUsd: isCountOrNull,
  pricingVersion: isTextOrNull,
  /** Any JSON: `storableJson` refuses what is none. */
  raw: () => true,
} satisfies Record<keyof UsageRecord, Check>

const TALLY_CHECKS = {
  instanceId: isName,
  slot: (value) => isInstant(value) && (value as Date).getTime() % SLOT_MS === 0,
  endpoint: isName,
  account: (value) => value === 'unrecorded' || value === 'ignored',
  reason: isName,
  count: isCount,
} satisfies Record<keyof Tally, Check>

const recordChecks = Object.entries(RECORD_CHECKS) as [keyof UsageRecord, Check][]

/** A field of a record that is text, or `null`. */
export type TextField = {
  [Field in keyof UsageRecord]: UsageRecord[Field] extends string | null ? Field : never
}[keyof UsageRecord]

export const TEXT_FIELDS = recordChecks
  .filter(([, passes]) => passes === isName || passes === isTextOrNull)
  .map(([name]) => name as TextField)

const tallyChecks = Object.entries<Check>(TALLY_CHECKS)

/** How many fields a record has. */
const RECORD_FIELDS = recordChecks.length

/**
 * Whether `checkRecord` passes. Nearly all records do, and to know it by names that are written out takes a tenth of the time
 * that the table takes: each is looked for at one place of the record.
 */
export function isStorableRecord(record: UsageRecord): boolean {
  return (
    Object.keys(record).length === RECORD_FIELDS &&
    record.recordVersion === 1 &&
    isName(record.id) &&
    isName(record.requestId) &&
    isCount(record.line) &&
    isInstant(record.createdAt) &&
    isAmount(record.durationMs) &&
    isAmountOrNull(record.timeToFirstByteMs) &&
    isFlag(record.streamed) &&
    isCount(record.status) &&
    isName(record.outcome) &&
    isName(record.evidence) &&
    isName(record.endpoint) &&
    isTextOrNull(record.operation) &&
    isTextOrNull(record.provider) &&
    isTextOrNull(record.format) &&
    isTextOrNull(record.requestedModel) &&
    isTextOrNull(record.servedModel) &&
    isCountOrNull(record.inputTokens) &&
    isCountOrNull(record.outputTokens) &&
    isCountOrNull(record.totalTokens) &&
    isCountOrNull(record.cacheReadTokens) &&
    isCountOrNull(record.cacheWriteTokens) &&
    isCountOrNull(record.cacheWrite1hTokens) &&
    isCountOrNull(record.reasoningTokens) &&
    isCountOrNull(record.inputAudioTokens) &&
    isCountOrNull(record.outputAudioTokens) &&
    isCountOrNull(record.inputImageTokens) &&
    isCountOrNull(record.outputImageTokens) &&
    isUnits(record.units) &&
    isTextOrNull(record.serviceTier) &&
    isCountOrNull(record.providerCostNanoUsd) &&
    isFlag(record.consistent) &&
    isFlag(record.final) &&
    isCountOrNull(record.preFilterInputTokens) &&
    isCountOrNull(record.postFilterInputTokens) &&
    isCountOrNull(record.prefillTokens) &&
    isCountOrNull(record.draftTokens) &&
    isName(record.userId) &&
    isTextOrNull(record.userName) &&
    isName(record.source) &&
    isTextOrNull(record.apiKeyId) &&
    isTextOrNull(record.apiKeyName) &&
    isTextOrNull(record.projectId) &&
    isTags(record.tags) &&
    isTextOrNull(record.correlationId) &&
    isTextOrNull(record.responseId) &&
    isTextOrNull(record.traceId) &&
    isTextOrNull(record.spanId) &&
    isCountOrNull(record.costNanoUsd) &&
    isTextOrNull(record.pricingVersion)
  )
}

/**
 * Call it for every record of a batch before anything is written.
 *
 * @throws UsageError `record-refused` for a field that is missing, unknown, or holds what it cannot
 */
export function checkRecord(record: UsageRecord): void {
  if (typeof record === 'object' && record !== null && isStorableRecord(record)) return
  check('a record', recordChecks, record)
  if (Object.keys(record).length > recordChecks.length) {
    const unknown = Object.keys(record).find((name) => !Object.hasOwn(RECORD_CHECKS, name))
    if (unknown !== undefined) throw refused(`${unknown} is no field of a record`)
  }
}

/**
 * Call it for every tally of a batch before anything is written.
 *
 * @throws UsageError `record-refused` for a count that is not a count, or a slot that is no quarter of an hour
 */
export function checkTally(tally: Tally): void {
  check('a tally', tallyChecks, tally)
}

function check(what: string, checks: readonly (readonly [string, Check])[], entry: unknown): void {
  if (typeof entry !== 'object' || entry === null) throw refused(`${what} is not an object`)
  const fields = entry as Readonly<Record<string, unknown>>
  for (const [name, passes] of checks)
    if (!passes(fields[name])) throw refused(`${name} of ${what} holds what it cannot: ${kindOf(fields[name])}`)
}

/** The kind of a value, never the value itself: it may be anyone's. */
function kindOf(value: unknown): string {
  if (typeof value === 'number' || value === null) return String(value)
  return value instanceof Date ? 'a Date' : Array.isArray(value) ? 'an array' : typeof value
}

function isObjectOf(value: unknown, passes: Check): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  for (const name of Object.keys(value)) if (!passes((value as Record<string, unknown>)[name])) return false
  return true
}

function refused(message: string): UsageError {
  return new UsageError('record-refused', message)
}
