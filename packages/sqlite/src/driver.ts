import { UsageError } from '@withusage/core'
import { builtinModule } from './builtin-module.ts'

/** What SQLite keeps in a cell, as far as this store uses it. */
export type Cell = string | number | null

/** A prepared statement. Synchronous. */
export interface Statement {
  run(...parameters: Cell[]): unknown
  all(...parameters: Cell[]): unknown[]
}

/** An open database. Synchronous; a lock held by another connection is an error at once. */
export interface Driver {
  exec(sql: string): void
  prepare(sql: string): Statement
  close(): void
}

export type OpenDriver = (path: string) => Driver

/**
 * The SQLite of this runtime, loaded at first use. Node.js and Deno have `node:sqlite`; another engine (`bun:sqlite`)
 * is chosen here and nowhere else.
 *
 * @throws UsageError `store-unavailable` when the runtime has none
 */
export async function loadDriver(): Promise<OpenDriver> {
  const sqlite = builtinModule('node:sqlite')
  if (!sqlite) {
    const message = '[withusage/sqlite] this runtime has no node:sqlite; use Node.js 22.13 or later, or Deno'
    throw new UsageError('store-unavailable', message)
  }
  return (path) => new sqlite.DatabaseSync(path, { timeout: 0 }) as Driver
}
