import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { SAMPLE_TIME, sampleRecord } from '@withusage/testing'
import { describe, expect, test } from 'vitest'
import { COLUMN_NAMES } from '../src/columns.ts'
import { sqliteStore } from '../src/index.ts'
import { SCHEMA_VERSION } from '../src/schema.ts'
import { temporaryFile } from './support/temporary-file.ts'

const RANGE = { from: SAMPLE_TIME, to: new Date(SAMPLE_TIME.getTime() + 1) }

describe('a file', () => {
  test('is made at first use, not before', async () => {
    const path = temporaryFile()
    const store = sqliteStore({ path })
    expect(existsSync(path)).toBe(false)
    await store.open()
    expect(existsSync(path)).toBe(true)
    await store.close()
  })

  test('keeps what was written when it is opened again', async () => {
    const path = temporaryFile()
    const record = sampleRecord()
    const first = sqliteStore({ path })
    await first.write({ records: [record], tallies: [] })
    await first.close()
    const second = sqliteStore({ path })
    expect((await second.records(RANGE)).records).toEqual([record])
    await second.close()
  })

  test('is in WAL mode and has the columns that the store writes', async () => {
    const path = await madeFile()
    const database = new DatabaseSync(path)
    expect(database.prepare('PRAGMA journal_mode').get()).toEqual({ journal_mode: 'wal' })
    const columns = database.prepare('SELECT name FROM pragma_table_info(?)').all('records')
    expect(columns.map(({ name }) => name).sort()).toEqual([...COLUMN_NAMES, 'opener'].sort())
    database.close()
  })
})

describe('a file that cannot be used', () => {
  test('of a newer version is refused, says what was seen and what to do, and is left as it is', async () => {
    const path = await madeFile()
    change(path, 'PRAGMA user_version = 99; CREATE TABLE later (a)')
    const before = readFileSync(path)
    const store = sqliteStore({ path })
    const write = store.write({ records: [sampleRecord()], tallies: [] })
    await expect(write).rejects.toMatchObject({ code: 'store-version' })
    await expect(store.open()).rejects.toThrow(
      `${path} has schema version 99, this package knows up to ${SCHEMA_VERSION}`,
    )
    await expect(store.open()).rejects.toThrow(/upgrade @withusage\/sqlite/)
    await store.close()
    expect(readFileSync(path).equals(before)).toBe(true)
  })

  test('that becomes newer while it is open is no longer written, and is let go', async () => {
    const path = temporaryFile()
    const store = sqliteStore({ path })
    await store.write({ records: [sampleRecord()], tallies: [] })
    change(path, 'PRAGMA user_version = 99')
    const newer = { code: 'store-version' }
    await expect(store.write({ records: [sampleRecord()], tallies: [] })).rejects.toMatchObject(newer)
    expect(existsSync(`${path}-wal`)).toBe(false)
    await expect(store.prune({ before: new Date('2100-01-01T00:00Z') })).rejects.toMatchObject(newer)
    change(path, `PRAGMA user_version = ${SCHEMA_VERSION}`)
    expect((await store.records(RANGE)).records).toHaveLength(1)
    await store.close()
  })

  test('of another application is refused and left as it is', async () => {
    const path = temporaryFile()
    change(path, 'CREATE TABLE customers (name)')
    const before = readFileSync(path)
    const store = sqliteStore({ path })
    await expect(store.open()).rejects.toMatchObject({ code: 'bad-option' })
    await expect(store.open()).rejects.toThrow(/another application; give the usage store a file of its own/)
    await store.close()
    expect(readFileSync(path).equals(before)).toBe(true)
  })

  test('that is no database is refused and left as it is', async () => {
    const path = temporaryFile()
    writeFileSync(path, 'a diary, not a database. '.repeat(100))
    const store = sqliteStore({ path })
    await expect(store.open()).rejects.toMatchObject({ code: 'store-unavailable' })
    await store.close()
    expect(readFileSync(path, 'utf8')).toMatch(/^a diary/)
  })

  test('in a directory that does not exist names the path, and works once the directory is there', async () => {
    const path = `${temporaryFile()}/missing/usage.db`
    const store = sqliteStore({ path })
    await expect(store.open()).rejects.toMatchObject({
      code: 'store-unavailable',
      message: expect.stringContaining(path),
    })
    await store.close()
  })
})

async function madeFile(): Promise<string> {
  const path = temporaryFile()
  const store = sqliteStore({ path })
  await store.open()
  await store.close()
  return path
}

function change(path: string, sql: string): void {
  const database = new DatabaseSync(path)
  database.exec(sql)
  database.close()
}
