import type { Driver } from './driver.ts'

/** Runs the job in a transaction that can write: all of it or nothing. A lock is an error at once, before the job. */
export function writeTransaction<Result>(driver: Driver, job: () => Result): Result {
  driver.exec('BEGIN IMMEDIATE')
  try {
    const result = job()
    driver.exec('COMMIT')
    return result
  } catch (error) {
    rollBack(driver)
    throw error
  }
}

/** SQLite ends the transaction by itself after some errors (a full disk); there is then nothing to roll back. */
function rollBack(driver: Driver): void {
  try {
    driver.exec('ROLLBACK')
  } catch {}
}
