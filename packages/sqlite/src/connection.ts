import type { Driver, OpenDriver } from './driver.ts'
import { migrate, readVersion } from './schema.ts'
import { prepareWrites, type WriteStatements } from './write.ts'

/** An open file of the right version. */
export interface Connection {
  driver: Driver
  writes: WriteStatements
}

/**
 * Pages of the write-ahead log (40 MB) at which a commit checkpoints by itself: the bound when the checkpoint thread is
 * missing, or other processes write without pause.
 */
const LOG_PAGES = 10_000

/**
 * Opens the file, makes it if there is none, and migrates it. Nothing stays open when that fails, so it can be tried
 * again.
 */
export function openConnection(open: OpenDriver, path: string): Connection {
  const driver = open(path)
  try {
    readVersion(driver, path)
    driver.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = ${LOG_PAGES}`)
    migrate(driver, path)
    return { driver, writes: prepareWrites(driver) }
  } catch (error) {
    driver.close()
    throw error
  }
}
