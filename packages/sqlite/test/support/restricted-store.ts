import { onTestFinished } from 'vitest'
import { type Driver, loadDriver } from '../../src/driver.ts'
import { type SqliteStore, storeOver } from '../../src/sqlite-store.ts'

/**
 * A store whose connection can be restricted from outside: `PRAGMA max_page_count` is a full disk, `PRAGMA query_only` a
 * read-only file. File modes would not do: root passes them.
 */
export function restrictedStore(
  path: string,
  opening: () => string = () => '',
): { store: SqliteStore; restrict: (sql: string) => void } {
  let driver: Driver | undefined
  const store = storeOver(path, async () => {
    const open = await loadDriver()
    return (file) => {
      driver = open(file)
      driver.exec(opening())
      return driver
    }
  })
  onTestFinished(() => store.close())
  return { store, restrict: (sql) => driver?.exec(sql) }
}
