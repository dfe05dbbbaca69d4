import type { Driver } from './driver.ts'

/** Rows removed by one statement. */
const SLICE = 200

/** Removes one slice of the records or tallies that began before the instant, and says how many. */
export function pruneSlice(driver: Driver, table: 'records' | 'tallies', before: number): number {
  const removed = driver.prepare(PRUNE[table]).all(before)
  return removed.length
}

/** True when the slice was the last. */
export function isLastSlice(removed: number): boolean {
  return removed < SLICE
}

const PRUNE = {
  records: `DELETE FROM records WHERE (created_at, id) IN (
    SELECT created_at, id FROM records WHERE created_at < ? ORDER BY created_at, id LIMIT ${SLICE}
  ) RETURNING 1`,
  tallies: `DELETE FROM tallies WHERE (slot, endpoint, account, reason, instance_id) IN (
    SELECT slot, endpoint, account, reason, instance_id FROM tallies WHERE slot < ? ORDER BY slot LIMIT ${SLICE}
  ) RETURNING 1`,
}
