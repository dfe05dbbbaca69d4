import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { sqliteStore } from '../src/index.ts'
import { startChild } from './support/child.ts'
import { temporaryFile } from './support/temporary-file.ts'

const RANGE = { from: new Date('2026-01-01T00:00Z'), to: new Date('2026-01-02T00:00Z') }

test('two processes that make and fill one file lose nothing', async () => {
  const path = temporaryFile()
  const writers = ['a', 'b'].map((name) => startChild('write-batches.ts', path, 40, 20, name))
  expect(await Promise.all(writers.map(({ exit }) => exit))).toEqual([0, 0])
  const store = sqliteStore({ path })
  const users = await store.aggregate({ ...RANGE, bucket: null, groupBy: ['userId'] })
  expect(users.map(({ group, requests }) => [group.userId, requests])).toEqual([
    ['a', 800],
    ['b', 800],
  ])
  await store.close()
})

test.each([1, 4, 9])(
  'a process killed while it writes its batch %i leaves it whole or absent',
  async (acknowledged) => {
    const path = temporaryFile()
    const writer = startChild('write-batches.ts', path, 10_000, 50, 'a')
    for (let batch = 0; batch < acknowledged; batch++) expect(await writer.line()).toBe(String(batch))
    writer.kill()
    await writer.exit
    const store = sqliteStore({ path })
    const batches = await store.aggregate({ ...RANGE, bucket: null, groupBy: ['endpoint'] })
    expect(batches.length).toBeGreaterThanOrEqual(acknowledged)
    expect(new Set(batches.map(({ requests }) => requests))).toEqual(new Set([50]))
    await store.close()
    const database = new DatabaseSync(path)
    expect(database.prepare('PRAGMA integrity_check').get()).toEqual({ integrity_check: 'ok' })
    database.close()
  },
)

test('a process that never closes its store still ends, whatever the store has running', async () => {
  const writer = startChild('write-batches.ts', temporaryFile(), 25, 200, 'a')
  expect(await writer.exit).toBe(0)
})
