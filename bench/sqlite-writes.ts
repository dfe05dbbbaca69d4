/**
 * How long writing to SQLite holds the event loop, and how fast it is against raw inserts of the same rows.
 *
 *     node bench/sqlite-writes.ts [batches of 1,000 records, default 100]
 *
 * Each run gets a new file. The loop is probed with a tight `setImmediate`: the time between two turns is what any other
 * request of the process would have waited.
 */
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PerformanceObserver } from 'node:perf_hooks'
import { DatabaseSync } from 'node:sqlite'
import { sqliteStore } from '@withusage/sqlite'
import type { UsageRecord } from '../packages/core/src/record.ts'
import { COLUMN_NAMES, encodeRecord } from '../packages/sqlite/src/columns.ts'
import { sampleRecord } from '../packages/testing/src/sample-record.ts'

const BATCH = 1_000
const batches = Number(process.argv[2] ?? 100)
const directory = mkdtempSync(join(tmpdir(), 'withusage-bench-'))

const raw = {
  prompt_tokens: 1_200,
  completion_tokens: 300,
  total_tokens: 1_500,
  prompt_tokens_details: { cached_tokens: 1_024, audio_tokens: 0 },
  completion_tokens_details: { reasoning_tokens: 100, audio_tokens: 0, accepted_prediction_tokens: 0 },
}

/** A record as a busy endpoint makes it, most fields known. */
function record(at: number): UsageRecord {
  return sampleRecord({
    createdAt: new Date(1.77e12 + at * 250),
    streamed: true,
    requestedModel: 'auto',
    servedModel: `model-${at % 5}`,
    inputTokens: 1_200,
    outputTokens: 300,
    totalTokens: 1_500,
    cacheReadTokens: 1_024,
    reasoningTokens: 100,
    userId: `user-${at % 500}`,
    userName: 'Some User',
    source: 'apikey',
    apiKeyId: `key-${at % 700}`,
    apiKeyName: 'production',
    projectId: `project-${at % 20}`,
    tags: { team: 'search', stage: 'production' },
    correlationId: `correlation-${at}`,
    responseId: `chatcmpl-${at.toString(36).padStart(24, '0')}`,
    traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
    spanId: '00f067aa0ba902b7',
    costNanoUsd: 5_000_000 + at,
    pricingVersion: '2026-01',
    raw,
  })
}

interface Figures {
  name: string
  rowsPerSecond: number
  holds: number[]
  longestGc: number
  logBytes: number
}

type Write = (records: readonly UsageRecord[]) => Promise<unknown> | unknown

async function measure(name: string, slice: number, open: (path: string) => { write: Write; close(): unknown }) {
  const path = join(directory, `${name.replaceAll(/\W+/g, '-')}.db`)
  const target = open(path)
  await target.write([record(-1)])
  const probe = startProbe()
  const begin = performance.now()
  for (let at = 0; at < batches * BATCH; at += slice) {
    const records = Array.from({ length: slice }, (_, offset) => record(at + offset))
    await nextTurn()
    await target.write(records)
  }
  const rowsPerSecond = (batches * BATCH) / ((performance.now() - begin) / 1_000)
  const { holds, longestGc } = await probe.stop()
  const logBytes = statSync(`${path}-wal`).size
  await target.close()
  return { name, rowsPerSecond, holds, longestGc, logBytes } satisfies Figures
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

/** Collects the time between turns of the loop, and the longest pause of the garbage collector, which is part of it. */
function startProbe(): { stop(): Promise<{ holds: number[]; longestGc: number }> } {
  const holds: number[] = []
  let longestGc = 0
  let running = true
  let last = performance.now()
  const collector = new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) longestGc = Math.max(longestGc, duration)
  })
  collector.observe({ entryTypes: ['gc'] })
  const turn = (): void => {
    const now = performance.now()
    holds.push(now - last)
    last = now
    if (running) setImmediate(turn)
  }
  setImmediate(turn)
  return {
    stop: async () => {
      running = false
      await nextTurn()
      collector.disconnect()
      return { holds, longestGc }
    },
  }
}

function store(path: string): { write: Write; close(): unknown } {
  const opened = sqliteStore({ path })
  return { write: (records) => opened.write({ records, tallies: [] }), close: () => opened.close() }
}

/** The same rows into the same tables by nothing but a prepared insert, with SQLite's own checkpoints. */
function rawInserts(path: string): { write: Write; close(): unknown } {
  const columns = [...COLUMN_NAMES, 'opener']
  let insert: ReturnType<DatabaseSync['prepare']> | undefined
  let database: DatabaseSync | undefined
  return {
    write: async (records) => {
      if (!database) {
        const maker = sqliteStore({ path })
        await maker.open()
        await maker.close()
        database = new DatabaseSync(path)
        database.exec('PRAGMA synchronous = NORMAL')
        insert = database.prepare(`INSERT INTO records (${columns}) VALUES (${columns.map(() => '?')})`)
      }
      const rows = records.map((line) => [...encodeRecord(line), 1])
      await nextTurn()
      database.exec('BEGIN IMMEDIATE')
      for (const row of rows) insert?.run(...row)
      database.exec('COMMIT')
    },
    close: () => database?.close(),
  }
}

function print({ name, rowsPerSecond, holds, longestGc, logBytes }: Figures): void {
  const sorted = holds.filter((hold) => hold > 0.3).sort((a, b) => a - b)
  const at = (part: number): string => (sorted[Math.floor(part * (sorted.length - 1))] ?? 0).toFixed(1).padStart(6)
  const rows = Math.round(rowsPerSecond).toLocaleString('en-US').padStart(8)
  const log = (logBytes / 2 ** 20).toFixed(1).padStart(6)
  const gc = longestGc.toFixed(1).padStart(6)
  console.log(`${name.padEnd(34)}${rows}  ${at(0.5)}  ${at(0.99)}  ${at(1)}  ${gc}  ${log}`)
}

console.log(`${batches} batches of ${BATCH} records, turns of the loop longer than 0.3 ms`)
console.log(`${''.padEnd(34)}  rows/s     p50     p99     max  gc max  WAL MiB`)
try {
  await measure('warm-up', 200, store)
  for (const slice of [50, 100, 200, 500, 1_000])
    print(await measure(`sqliteStore, ${slice} rows a write`, slice, store))
  print(await measure('raw inserts, 200 rows a write', 200, rawInserts))
  print(await measure('raw inserts, 1000 rows a write', 1_000, rawInserts))
} finally {
  rmSync(directory, { recursive: true, force: true })
}
