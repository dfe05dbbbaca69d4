import { SUBSETS, type UsageRecord, usageRecordSchema } from './record.ts'
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
  const parsed = usageRecordSchema.safeParse(record)
  if (!parsed.success) {
    const issue = parsed.error.issues[0]
    const field = cleanText(issue?.path.join('.'), TEXT_LIMITS.name) ?? 'record'
    return { what: `${field} (${issue?.code ?? 'invalid'})`, fatal: true }
  }
  if (record.requestId !== requestId) return { what: 'requestId differs from that of the first line', fatal: true }
  const what = brokenRule(record)
  return what === null ? null : { what, fatal: false }
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
