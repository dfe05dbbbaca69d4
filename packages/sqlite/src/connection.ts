import { Checkpointer } from './checkpointer.ts'
import type { Driver, OpenDriver } from './driver.ts'
import { migrate, readVersion } from './schema.ts'
import { prepareWrites, type WriteStatements } from './write.ts'

/** An open file of the right version. */
export interface Connection {
  driver: Driver
  writes: WriteStatements
  /** The absolute path; empty for a database in memory. */
  file: string
  /** `null` for a database in memory. */
  checkpointer: Checkpointer | null
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
    const file = fileOf(driver)
    return { driver, writes: prepareWrites(driver), file, checkpointer: file ? new Checkpointer(file) : null }
  } catch (error) {
    driver.close()
    throw error
  }
}

/** Ends the checkpoint thread, then the connection. */
export async function closeConnection({ driver, checkpointer }: Connection): Promise<void> {
  await checkpointer?.close()
  driver.close()
}

function fileOf(driver: Driver): string {
  const databases = driver.prepare('PRAGMA database_list').all() as { name: string; file: string | null }[]
  return databases.find(({ name }) => name === 'main')?.file ?? ''
}
