import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createRecorder } from '@withusage/core'
import { expectStoredAccount, sampleRecord, sampleRequest } from '@withusage/testing'
import { expect, onTestFinished, test } from 'vitest'
import { sqliteStore } from '../src/index.ts'

test('in the reopened file, records and tallies are the requests', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'withusage-recorder-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  const path = join(directory, 'usage.db')
  const store = sqliteStore({ path })
  const recorder = createRecorder({ store, batch: { size: 7 } })
  for (let request = 0; request < 20; request++) recorder.record([sampleRecord()])
  recorder.record(sampleRequest([{}, {}, {}]))
  const again = [sampleRecord()]
  for (let times = 0; times < 3; times++) recorder.record(again)
  for (const endpoint of ['/a', '/b', '/a']) recorder.open({ endpoint }).unrecorded('no_usage')
  recorder.open({ endpoint: '/a' }).ignored('status_4xx')
  recorder.open({ endpoint: '/left-open' })
  await recorder.close({ timeoutMs: 1 })
  await store.close()

  const reopened = sqliteStore({ path })
  await expectStoredAccount(recorder, reopened)
  await reopened.close()
  expect(recorder.stats()).toEqual({
    requests: 29,
    recorded: 22,
    unrecorded: { no_usage: 3, cancelled: 1 },
    ignored: { duplicate: 2, status_4xx: 1 },
    inFlight: 0,
  })
})
