import { UsageError } from '@withusage/core'
import type { Driver } from './driver.ts'
import { writeTransaction } from './transaction.ts'

/** Marks a SQLite file as ours, in its header: `wusg`. */
const APPLICATION_ID = 0x77757367

/**
 * What makes the schema of version `n + 1` out of version `n`; the file carries its version in `PRAGMA user_version`.
 * A migration that has been released is never changed.
 *
 * Records are clustered by time, so that a range is read in one piece, and within it the columns that aggregates need
 * come first: what a long row spills over is only `raw`.
 */
const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE records (
    created_at INTEGER NOT NULL,
    id TEXT NOT NULL,
    request_id TEXT NOT NULL,
    opener INTEGER NOT NULL,
    line INTEGER NOT NULL,
    endpoint TEXT NOT NULL,
    operation TEXT,
    user_id TEXT NOT NULL,
    api_key_id TEXT,
    source TEXT NOT NULL,
    project_id TEXT,
    served_model TEXT,
    requested_model TEXT,
    provider TEXT,
    evidence TEXT NOT NULL,
    outcome TEXT NOT NULL,
    service_tier TEXT,
    final INTEGER NOT NULL,
    input_tokens INTEGER,
    output_tokens INTEGER,
    total_tokens INTEGER,
    cache_read_tokens INTEGER,
    cache_write_tokens INTEGER,
    cache_write_1h_tokens INTEGER,
    reasoning_tokens INTEGER,
    input_audio_tokens INTEGER,
    output_audio_tokens INTEGER,
    input_image_tokens INTEGER,
    output_image_tokens INTEGER,
    cost_nano_usd INTEGER,
    provider_cost_nano_usd INTEGER,
    record_version INTEGER NOT NULL,
    duration_ms REAL NOT NULL,
    time_to_first_byte_ms REAL,
    streamed INTEGER NOT NULL,
    status INTEGER NOT NULL,
    format TEXT,
    units TEXT,
    consistent INTEGER NOT NULL,
    pre_filter_input_tokens INTEGER,
    post_filter_input_tokens INTEGER,
    prefill_tokens INTEGER,
    draft_tokens INTEGER,
    user_name TEXT,
    api_key_name TEXT,
    correlation_id TEXT,
    response_id TEXT,
    trace_id TEXT,
    span_id TEXT,
    pricing_version TEXT,
    tags TEXT NOT NULL,
    raw TEXT,
    PRIMARY KEY (created_at, id)
  ) STRICT, WITHOUT ROWID;
  CREATE UNIQUE INDEX records_id ON records (id);
  CREATE TABLE tallies (
    slot INTEGER NOT NULL,
    endpoint TEXT NOT NULL,
    account TEXT NOT NULL,
    reason TEXT NOT NULL,
    instance_id TEXT NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (slot, endpoint, account, reason, instance_id)
  ) STRICT, WITHOUT ROWID;
  `,
]

/** The newest schema that this package knows. */
export const SCHEMA_VERSION = MIGRATIONS.length

/**
 * Brings the file to the schema of this version, and leaves a file that is not ours, or of a newer version, untouched.
 *
 * @throws UsageError `store-version` for a file of a newer version, `bad-option` for a file of another application
 */
export function migrate(driver: Driver, path: string): void {
  if (readVersion(driver, path) === SCHEMA_VERSION) return
  writeTransaction(driver, () => {
    const version = readVersion(driver, path)
    for (const migration of MIGRATIONS.slice(version)) driver.exec(migration)
    driver.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${SCHEMA_VERSION}`)
  })
}

/** The version of the file, 0 when it is new. */
export function readVersion(driver: Driver, path: string): number {
  const { application, version, objects } = readHeader(driver)
  if (application !== APPLICATION_ID && objects > 0)
    throw new UsageError(
      'bad-option',
      `[withusage/sqlite] ${path} is a SQLite file of another application; give the usage store a file of its own`,
    )
  if (application === APPLICATION_ID && version > SCHEMA_VERSION) throw newerVersion(path, version)
  return application === APPLICATION_ID ? version : 0
}

/**
 * For use in every write transaction: another process may have migrated the file since it was opened.
 *
 * @throws UsageError `store-version` when the file is now of a newer version
 */
export function checkVersion(driver: Driver, path: string): void {
  const [row] = driver.prepare('PRAGMA user_version').all() as { user_version: number }[]
  if (row && row.user_version > SCHEMA_VERSION) throw newerVersion(path, row.user_version)
}

function newerVersion(path: string, version: number): UsageError {
  return new UsageError(
    'store-version',
    `[withusage/sqlite] ${path} has schema version ${version}, this package knows up to ${SCHEMA_VERSION}; ` +
      'upgrade @withusage/sqlite, or give it another file',
  )
}

/** One statement, so that a file that another process is creating is seen either empty or whole. */
function readHeader(driver: Driver): { application: number; version: number; objects: number } {
  const [header] = driver
    .prepare(
      `SELECT application_id AS application, user_version AS version, (SELECT count(*) FROM sqlite_schema) AS objects
      FROM pragma_application_id, pragma_user_version`,
    )
    .all()
  return header as { application: number; version: number; objects: number }
}
