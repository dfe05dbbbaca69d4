import type { UsageRecord } from '../record.ts'
import type { RecordsPage } from '../types.ts'
import { cursorAfter, type RecordPosition, type RecordsPlan } from './plan.ts'
import { passes } from './sum.ts'

/** The page that a plan asks for, of records in any order: `records()` of a store that has no query language. */
export function pageRecords(plan: RecordsPlan, records: Iterable<UsageRecord>): RecordsPage {
  const { from, to, filter, limit, after } = plan
  const found: UsageRecord[] = []
  for (const record of records) {
    const createdAt = record.createdAt.getTime()
    if (createdAt < from || createdAt >= to || !passes(filter, record)) continue
    if (after === null || comparePositions(positionOf(record), after) > 0) found.push(record)
  }
  found.sort((a, b) => comparePositions(positionOf(a), positionOf(b)))
  const page = found.slice(0, limit)
  const last = found.length > limit ? page.at(-1) : undefined
  return { records: page, cursor: last ? cursorAfter(last) : null }
}

function positionOf(record: UsageRecord): RecordPosition {
  return { createdAt: record.createdAt.getTime(), id: record.id }
}

function comparePositions(a: RecordPosition, b: RecordPosition): number {
  if (a.createdAt !== b.createdAt) return a.createdAt - b.createdAt
  return a.id === b.id ? 0 : a.id < b.id ? -1 : 1
}
