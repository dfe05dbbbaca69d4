import { readdirSync, statSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { sampleRecord, sampleTally } from '@withusage/testing'
import { expect, onTestFinished, test, vi } from 'vitest'
import { sqliteStore } from '../src/index.ts'
import { temporaryFile } from './support/temporary-file.ts'

const batch = () => ({ records: [sampleRecord(), sampleRecord()], tallies: [] })
const EVER = { before: new Date('2100-01-01T00:00Z') }

test('writes that wait for each other still let the event loop turn between them', async () => {
  const store = sqliteStore({ path: ':memory:' })
  await store.open()
  const turns = countTurns()
  for (let write = 0; write < 5; write++) await store.write(batch())
  expect(turns.stop()).toBeGreaterThanOrEqual(4)
  await store.close()
})

test('writes that are given all at once are done one a turn', async () => {
  const store = sqliteStore({ path: ':memory:' })
  await store.open()
  const turns = countTurns()
  await Promise.all(Array.from({ length: 5 }, () => store.write(batch())))
  expect(turns.stop()).toBeGreaterThanOrEqual(4)
  await store.close()
})

test('a long prune lets the event loop turn, and writes go between its slices', async () => {
  const store = sqliteStore({ path: ':memory:' })
  await store.write({ records: Array.from({ length: 2_000 }, () => sampleRecord()), tallies: [] })
  const order: string[] = []
  const turns = countTurns()
  const pruned = store.prune(EVER).then(() => order.push('pruned'))
  await store.write(batch()).then(() => order.push('written'))
  await pruned
  expect(order).toEqual(['written', 'pruned'])
  expect(turns.stop()).toBeGreaterThanOrEqual(10)
  await store.close()
})

test('works under a fake clock', async () => {
  vi.useFakeTimers()
  const store = sqliteStore({ path: ':memory:' })
  expect(await store.write(batch())).toEqual({ duplicates: [], foreign: [] })
  await store.close()
  vi.useRealTimers()
})

test('the log is moved into the file on another thread, and starts over however fast records come', async () => {
  const path = temporaryFile()
  const store = sqliteStore({ path })
  for (let write = 0; write < 100; write++)
    await store.write({ records: Array.from({ length: 200 }, () => sampleRecord()), tallies: [] })
  expect(statSync(`${path}-wal`).size).toBeLessThan(4_000_000)
  expect(statSync(path).size).toBeGreaterThan(4_000_000)
  await store.close()
})

test('the log starts over as well when every write is small', async () => {
  const path = temporaryFile()
  const store = sqliteStore({ path })
  for (let write = 0; write < 3_000; write++) await store.write({ records: [sampleRecord()], tallies: [] })
  expect(statSync(`${path}-wal`).size).toBeLessThan(8_000_000)
  await store.close()
})

test('the log starts over as well when writes bring only tallies', async () => {
  const path = temporaryFile()
  const store = sqliteStore({ path })
  for (let count = 1; count <= 4_000; count++) await store.write({ records: [], tallies: [sampleTally({ count })] })
  expect(statSync(`${path}-wal`).size).toBeLessThan(8_000_000)
  await store.close()
})

test('a relative path stays the file that was opened when the working directory changes', async () => {
  const path = temporaryFile()
  const elsewhere = dirname(temporaryFile())
  const home = process.cwd()
  onTestFinished(() => process.chdir(home))
  process.chdir(dirname(path))
  const store = sqliteStore({ path: basename(path) })
  await store.open()
  process.chdir(elsewhere)
  for (let write = 0; write < 1_000; write++) await store.write(batch())
  await store.close()
  expect(readdirSync(elsewhere)).toEqual([])
})

function countTurns(): { stop: () => number } {
  let turns = 0
  let running = true
  const turn = (): void => {
    if (!running) return
    turns += 1
    setImmediate(turn)
  }
  setImmediate(turn)
  return {
    stop: () => {
      running = false
      return turns
    },
  }
}
