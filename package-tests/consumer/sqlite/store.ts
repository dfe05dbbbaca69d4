/** The SQLite store is a store, and opens when asked to. */
import { createRecorder, type UsageStore } from '@withusage/core'
import { type SqliteStore, sqliteStore } from '@withusage/sqlite'
import { expectTypeOf } from 'expect-type'

export const store = sqliteStore({ path: ':memory:' })
expectTypeOf(store).toEqualTypeOf<SqliteStore>()
expectTypeOf(store).toExtend<UsageStore>()
export const recorder = createRecorder({ store })
export const opened: Promise<void> = store.open()

// @ts-expect-error the file is named
sqliteStore()
// @ts-expect-error by its path
sqliteStore({ file: 'usage.db' })
