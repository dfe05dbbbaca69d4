import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { testStore } from '@withusage/testing'
import { afterAll, expect, test } from 'vitest'
import { sqliteStore } from '../src/index.ts'

const directory = mkdtempSync(join(tmpdir(), 'withusage-sqlite-'))
let files = 0

afterAll(() => rmSync(directory, { recursive: true, force: true }))

testStore('sqliteStore in memory', () => sqliteStore({ path: ':memory:' }))

testStore('sqliteStore in a file', () => {
  files += 1
  return sqliteStore({ path: join(directory, `${files}.db`) })
})

test.each(['', 'a\0b', undefined, null, 1])('a path of %j is refused', (path) => {
  expect(() => sqliteStore({ path: path as string })).toThrow(expect.objectContaining({ code: 'bad-option' }))
})
