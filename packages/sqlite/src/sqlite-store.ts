import { UsageError, type UsageStore } from '@withusage/core'
import { planAccount, planAggregate, planPrune, planRecords } from '@withusage/core/store-kit'
import { account } from './account.ts'
import { aggregate } from './aggregate.ts'
import { type Connection, closeConnection, openConnection } from './connection.ts'
import { loadDriver, type OpenDriver } from './driver.ts'
import { storeError } from './errors.ts'
import { isLastSlice, pruneSlice } from './prune.ts'
import { records } from './records.ts'
import { checkVersion } from './schema.ts'
import { writeTransaction } from './transaction.ts'
import { Turns } from './turns.ts'
import { writeBatch } from './write.ts'

/** Where the store keeps its records. */
export interface SqliteStoreOptions {
  /** The file, made if there is none; its directory must exist. `':memory:'` keeps everything in memory. */
  path: string
}

/** A store over one file, which it may be asked to open early. */
export interface SqliteStore extends UsageStore {
  /**
   * Opens the file now rather than at first use, so that a wrong path or a file of a newer version is seen at start.
   *
   * @throws UsageError `store-unavailable`, `store-version`, `bad-option`
   */
  open(): Promise<void>
}

/**
 * Keeps records in one SQLite file, which several processes may share. The file is opened at first use, and again at
 * the next use when that failed.
 *
 * SQLite is synchronous. Each call works in a turn of the event loop of its own, and a lock held by another process is
 * `store-unavailable` at once, never a wait. `write` is one transaction whatever its size: 200 records hold the loop for
 * 2 to 3 ms. `aggregate` and `account` hold it for as long as they read, about 2 ms per 1,000 records in the range, and
 * a page of `records` for 10 to 20 ms per 1,000.
 *
 * Durability: the log is written at every commit and synced at checkpoints. A crash of the process loses nothing that
 * was acknowledged; a power failure may lose what the system had not yet brought to the disk since the last checkpoint,
 * and never damages the file.
 *
 * @throws UsageError `bad-option` when the path is not one
 */
export function sqliteStore(options: SqliteStoreOptions): SqliteStore {
  const { path } = options
  if (typeof path !== 'string' || path === '' || path.includes('\0'))
    throw new UsageError('bad-option', '[withusage/sqlite] path: expected the path of a file')
  return storeOver(path, loadDriver)
}

/** The store over any driver. */
export function storeOver(path: string, load: () => Promise<OpenDriver>): SqliteStore {
  const turns = new Turns()
  /** Absolute once the file has been open: it is opened again where it was. */
  let location = path
  let connection: Connection | null = null
  let closing: Promise<void> | null = null

  /** One turn of the loop with the open file. */
  function use<Result>(doing: string, job: (connection: Connection) => Result): Promise<Awaited<Result>> {
    if (closing) return Promise.reject(closedError(path))
    return turns.run(async () => {
      try {
        await connection?.checkpointer?.idle()
        connection ??= openConnection(await load(), location)
        location = connection.file || path
        return await job(connection)
      } catch (cause) {
        const error = storeError(cause, path, doing)
        if (error.code === 'store-version') await disconnect()
        throw error
      }
    })
  }

  /** One turn of the loop with a transaction on the open file, which is still of this version. */
  function change<Result>(doing: string, job: (connection: Connection) => Result): Promise<Awaited<Result>> {
    return use(doing, (connection) =>
      writeTransaction(connection.driver, () => {
        checkVersion(connection.driver, path)
        return job(connection)
      }),
    )
  }

  async function disconnect(): Promise<void> {
    const open = connection
    connection = null
    if (open) await closeConnection(open)
  }

  async function prune(table: 'records' | 'tallies', before: number): Promise<number> {
    let total = 0
    for (let removed = 0; ; ) {
      removed = await change('prune', ({ driver }) => pruneSlice(driver, table, before))
      total += removed
      connection?.checkpointer?.wrote(removed)
      if (isLastSlice(removed)) return total
    }
  }

  return {
    open: () => use('open', () => {}),
    async write(batch) {
      const result = await change('write', ({ writes }) => writeBatch(writes, batch))
      connection?.checkpointer?.wrote(batch.records.length + batch.tallies.length)
      return result
    },
    async aggregate(query) {
      const plan = planAggregate(query)
      return use('aggregate', ({ driver }) => aggregate(driver, plan))
    },
    async account(query) {
      const plan = planAccount(query)
      return use('account', ({ driver }) => account(driver, plan))
    },
    async records(query) {
      const plan = planRecords(query)
      return use('records', ({ driver }) => records(driver, plan))
    },
    async prune(query) {
      const before = planPrune(query)
      return { records: await prune('records', before), tallies: await prune('tallies', before) }
    },
    close() {
      closing ??= turns.run(disconnect)
      return closing
    },
  }
}

function closedError(path: string): UsageError {
  return new UsageError('store-unavailable', `[withusage/sqlite] ${path}: the store is closed`)
}
