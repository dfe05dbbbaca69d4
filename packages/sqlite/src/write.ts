import type { Tally, UsageBatch, WriteResult } from '@withusage/core'
import {
  checkRecord,
  checkTally,
  type RequestLines,
  requestsOf,
  storableText,
  withoutDuplicates,
} from '@withusage/core/store-kit'
import { COLUMN_NAMES, encodeRecord } from './columns.ts'
import type { Driver, Statement } from './driver.ts'

/** The statements of a write, prepared once per connection. */
export interface WriteStatements {
  findIds: Statement
  insertRecord: Statement
  putTally: Statement
}

export function prepareWrites(driver: Driver): WriteStatements {
  const columns = [...COLUMN_NAMES, 'opener']
  return {
    findIds: driver.prepare(
      'SELECT id, request_id AS requestId FROM records WHERE id IN (SELECT value FROM json_each(?))',
    ),
    insertRecord: driver.prepare(
      `INSERT INTO records (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})`,
    ),
    putTally: driver.prepare(
      `INSERT INTO tallies (instance_id, slot, endpoint, account, reason, count) VALUES (?, ?, ?, ?, ?, ?)
      ON CONFLICT DO UPDATE SET count = max(count, excluded.count)`,
    ),
  }
}

/** Writes the batch. Its caller makes it one transaction, whatever its size. */
export function writeBatch(statements: WriteStatements, batch: UsageBatch): WriteResult {
  batch.records.forEach(checkRecord)
  batch.tallies.forEach(checkTally)
  const requests = requestsOf(batch.records)
  const stored = findStored(statements.findIds, requests)
  const { fresh, ...result } = withoutDuplicates(requests, (id) => stored.get(id))
  for (const request of fresh) insertRequest(statements.insertRecord, request)
  for (const tally of batch.tallies) putTally(statements.putTally, tally)
  return result
}

/** The stored records of these requests: the request that each belongs to, by record id. */
function findStored(findIds: Statement, requests: readonly RequestLines[]): Map<string, string> {
  if (requests.length === 0) return new Map()
  const ids = requests.flatMap(({ lines }) => lines.map(({ id }) => id))
  const rows = findIds.all(JSON.stringify(ids)) as { id: string; requestId: string }[]
  return new Map(rows.map(({ id, requestId }) => [id, requestId]))
}

function insertRequest(insertRecord: Statement, { lines, opener }: RequestLines): void {
  for (const record of lines) insertRecord.run(...encodeRecord(record), record === opener ? 1 : 0)
}

function putTally(statement: Statement, tally: Tally): void {
  const { instanceId, slot, endpoint, account, reason, count } = tally
  statement.run(storableText(instanceId), slot.getTime(), storableText(endpoint), account, reason, count)
}
