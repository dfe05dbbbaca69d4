/**
 * What keeping the account of requests without a record costs the store: running totals (tallies) against one row each.
 *
 *     node bench/tallies.ts [requests, default 300,000]
 *
 * A day of requests over 20 endpoints, each ignored or unrecorded for one of 6 reasons, written every second of that day
 * in which there was one, to a new SQLite file for each way.
 */
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { sqliteStore } from '@withusage/sqlite'
import { SLOT_MS, TallyBook } from '../packages/core/src/tallies.ts'
import type { Reason } from '../packages/core/src/types.ts'

const requests = Number(process.argv[2] ?? 300_000)
const DAY_MS = 86_400_000
const DAY_START = Math.floor(Date.now() / SLOT_MS) * SLOT_MS - DAY_MS
const REASONS: readonly Reason[] = ['status_4xx', 'status_5xx', 'not_inference', 'no_usage', 'cancelled', 'no_user']

interface Uncounted {
  at: number
  endpoint: string
  reason: Reason
}

/** Deterministic: the request of a number, evenly over the day. */
function request(number: number): Uncounted {
  return {
    at: DAY_START + Math.floor((number / requests) * DAY_MS),
    endpoint: `/v1/route-${(number * 7) % 20}`,
    reason: REASONS[(number * 13) % REASONS.length] ?? 'no_usage',
  }
}

/** The requests of each second that had one. */
function* seconds(): Generator<Uncounted[]> {
  let batch: Uncounted[] = []
  for (let number = 0; number < requests; number++) {
    const next = request(number)
    const first = batch[0]
    if (first && Math.floor(next.at / 1_000) !== Math.floor(first.at / 1_000)) {
      yield batch
      batch = []
    }
    batch.push(next)
  }
  yield batch
}

/** The clock follows the requests: the book lets go of a slot once it is over. */
async function asTallies(path: string): Promise<number> {
  const store = sqliteStore({ path })
  const realNow = Date.now
  const book = new TallyBook({ createId: () => 'bench', capacity: 10_000, onDropped: () => {} })
  for (const batch of seconds()) {
    for (const { at, endpoint, reason } of batch) {
      const account = reason.startsWith('status') || reason === 'not_inference' ? 'ignored' : 'unrecorded'
      Date.now = () => at
      const slot = book.enter(at)
      book.count(slot, endpoint, account, reason)
      book.leave(slot)
    }
    const { tallies, acknowledge } = book.unsent()
    await store.write({ records: [], tallies })
    acknowledge()
  }
  Date.now = realNow
  await store.close()
  return rowsOf(path, 'tallies')
}

async function asRows(path: string): Promise<number> {
  const database = new DatabaseSync(path)
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL')
  database.exec(
    'CREATE TABLE uncounted (id TEXT, at INTEGER, endpoint TEXT, reason TEXT, PRIMARY KEY (at, id)) WITHOUT ROWID',
  )
  const insert = database.prepare('INSERT INTO uncounted VALUES (?, ?, ?, ?)')
  for (const batch of seconds()) {
    await new Promise((resolve) => setImmediate(resolve))
    database.exec('BEGIN IMMEDIATE')
    for (const { at, endpoint, reason } of batch) insert.run(crypto.randomUUID(), at, endpoint, reason)
    database.exec('COMMIT')
  }
  database.close()
  return rowsOf(path, 'uncounted')
}

function rowsOf(path: string, table: string): number {
  const database = new DatabaseSync(path)
  database.exec('PRAGMA wal_checkpoint(TRUNCATE)')
  const row = database.prepare(`SELECT count(*) AS rows FROM ${table}`).get()
  database.close()
  return Number(row?.rows)
}

const directory = mkdtempSync(join(tmpdir(), 'withusage-bench-'))
try {
  console.log(`${requests} requests without a record, in one day`)
  for (const [name, write] of [
    ['tallies', asTallies],
    ['one row each', asRows],
  ] as const) {
    const path = join(directory, `${name.replaceAll(' ', '-')}.db`)
    const begin = performance.now()
    const rows = await write(path)
    const ms = Math.round(performance.now() - begin)
    console.log(`${name.padEnd(14)} ${rows} rows, ${(statSync(path).size / 1024).toFixed(0)} KiB, ${ms} ms`)
  }
} finally {
  rmSync(directory, { recursive: true, force: true })
}
