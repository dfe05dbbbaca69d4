import type { RecordsPage } from '@withusage/core'
import { cursorAfter, type RecordsPlan } from '@withusage/core/store-kit'
import { COLUMN_NAMES, decodeRecord } from './columns.ts'
import type { Driver } from './driver.ts'
import { filterCondition } from './filter.ts'

/** One page, and one row more to know whether another follows. */
export function records(driver: Driver, plan: RecordsPlan): RecordsPage {
  const { from, to, limit, after } = plan
  const condition = filterCondition(plan.filter)
  const sql = `SELECT ${COLUMN_NAMES.join(', ')} FROM records
    WHERE created_at >= ? AND created_at < ? AND (created_at, id) > (?, ?) AND ${condition.sql}
    ORDER BY created_at, id LIMIT ?`
  const position = [after?.createdAt ?? from, after?.id ?? '']
  const rows = driver.prepare(sql).all(from, to, ...position, ...condition.parameters, limit + 1)
  const page = rows.slice(0, limit).map((row) => decodeRecord(row as Record<string, unknown>))
  const last = rows.length > limit ? page.at(-1) : undefined
  return { records: page, cursor: last ? cursorAfter(last) : null }
}
