import {
  checkTally,
  type RequestLines,
  requestsOf,
  storableText,
  type Tally,
  type UsageBatch,
  type WriteResult,
  withoutDuplicates,
} from '@withusage/core'
import { COLUMN_NAMES, encodeRecord } from './columns.ts'
import type { Driver, Statement } from './driver.ts'
import { writeTransaction } from './transaction.ts'

/** The statements of a write, prepared once per connection. */
export interface WriteStatements {
  findIds: Statement
  insertRecord: Statement
  putTally: Statement
}

export function prepareWrites(driver: Driver): WriteStatements {
  const columns = [...COLUMN_NAMES, 'opener']
  return {
    findIds: driver.prepare('SELECT id FROM records WHERE id IN (SELECT value FROM json_each(?))'),
    insertRecord: driver.prepare(
      `INSERT INTO records (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})`,
    ),
    putTally: driver.prepare(
      `INSERT INTO tallies (instance_id, slot, endpoint, account, reason, count) VALUES (?, ?, ?, ?, ?, ?)
      ON CONFLICT DO UPDATE SET count = max(count, excluded.count)`,
    ),
  }
}

/** Writes the batch in one transaction, whatever its size. */
export function writeBatch(driver: Driver, statements: WriteStatements, batch: UsageBatch): WriteResult {
  const requests = requestsOf(batch.records)
  return writeTransaction(driver, () => {
    const stored = findStored(statements.findIds, requests)
    const { fresh, duplicates } = withoutDuplicates(requests, (id) => stored.has(id))
    for (const request of fresh) insertRequest(statements.insertRecord, request)
    for (const tally of batch.tallies) putTally(statements.putTally, tally)
    return { duplicates }
  })
}

function findStored(findIds: Statement, requests: readonly RequestLines[]): Set<unknown> {
  if (requests.length === 0) return new Set()
  const ids = requests.flatMap(({ lines }) => lines.map(({ id }) => id))
  return new Set(findIds.all(JSON.stringify(ids)).map((row) => (row as { id: string }).id))
}

function insertRequest(insertRecord: Statement, { lines, opener }: RequestLines): void {
  for (const record of lines) insertRecord.run(...encodeRecord(record), record === opener ? 1 : 0)
}

function putTally(statement: Statement, tally: Tally): void {
  checkTally(tally)
  const { instanceId, slot, endpoint, account, reason, count } = tally
  statement.run(storableText(instanceId), slot.getTime(), storableText(endpoint), account, reason, count)
}
