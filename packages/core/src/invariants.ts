import { EVIDENCE, OUTCOMES, SUBSETS, type UsageRecord, usageRecordSchema } from './record.ts'
import { isStorableRecord } from './stores/checks.ts'
import { cleanText, TEXT_LIMITS } from './text.ts'

/** What is wrong with a record. Names fields, never values. */
export interface BrokenInvariant {
  what: string
  /** The record cannot be stored. Otherwise it is stored as it is. */
  fatal: boolean
}

/**
 * The first invariant that a record breaks, `null` when it keeps them all.
 *
 * @param requestId of the request that it is recorded with. Default: its own
 */
export function brokenInvariant(record: UsageRecord, requestId = record?.requestId): BrokenInvariant | null {
  const broken = isSurelyValid(record) ? null : brokenSchema(record)
  if (broken) return broken
  if (record.requestId !== requestId) return { what: 'requestId differs from that of the first line', fatal: true }
  const what = brokenRule(record)
  return what === null ? null : { what, fatal: false }
}

/** A UUIDv7 as `uuidv7` writes it. */
const ID = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

/** Nearly every record: valid by the schema, and to know it so takes a fifth of the time. `false`: the schema must say. */
function isSurelyValid(record: UsageRecord): boolean {
  try {
    const { id, requestId, status, units, evidence, tags } = record
    const isOurs = ID.test(id) && ID.test(requestId) && status < 1000 && units === null && isPlain(tags)
    return isOurs && OUTCOMES.includes(record.outcome) && EVIDENCE.includes(evidence) && isStorableRecord(record)
  } catch {
    return false
  }
}

function isPlain(value: object): boolean {
  return Object.getPrototypeOf(value) === Object.prototype
}

function brokenSchema(record: UsageRecord): BrokenInvariant | null {
  const parsed = usageRecordSchema.safeParse(record)
  if (parsed.success) return null
  const issue = parsed.error.issues[0]
  const field = cleanText(issue?.path.join('.'), TEXT_LIMITS.name) ?? 'record'
  return { what: `${field} (${issue?.code ?? 'invalid'})`, fatal: true }
}

function brokenRule(record: UsageRecord): string | null {
  const { preFilterInputTokens: before, postFilterInputTokens: after } = record
  if (before !== null && after !== null && before < after) return 'postFilterInputTokens exceeds preFilterInputTokens'
  if (record.costNanoUsd !== null && record.pricingVersion === null) return 'costNanoUsd has no pricingVersion'
  return record.consistent ? exceededTotal(record) : null
}

function exceededTotal(record: UsageRecord): string | null {
  for (const [subset, total] of SUBSETS) {
    const part = record[subset]
    const whole = record[total]
    if (part !== null && whole !== null && part > whole) return `${subset} exceeds ${total}`
  }
  return null
}
