import { createRecorder, withUsage } from '@withusage/core'
import { SAMPLE_TIME, sampleRecord } from '@withusage/testing'
import { expect, test } from 'vitest'
import { sqliteStore } from '../src/index.ts'
import { startChild } from './support/child.ts'
import { temporaryFile } from './support/temporary-file.ts'

const RANGE = { from: SAMPLE_TIME, to: new Date(SAMPLE_TIME.getTime() + 1) }

test('a lock is an error at once and not a wait, reads go on, and it works after the release', async () => {
  const path = temporaryFile()
  const store = sqliteStore({ path })
  await store.open()
  const holder = startChild('hold-lock.ts', path, 400)
  expect(await holder.line()).toBe('locked')
  const batch = { records: [sampleRecord()], tallies: [] }
  // A store that waited would be through when the lock is released.
  for (let attempt = 0; attempt < 3; attempt++)
    await expect(store.write(batch)).rejects.toMatchObject({ code: 'store-unavailable', cause: { errcode: 5 } })
  expect((await store.records(RANGE)).records).toEqual([])
  expect(await holder.line()).toBe('released')
  expect(await store.write(batch)).toEqual({ duplicates: [], foreign: [] })
  await store.close()
})

test('opening a new file that another process has locked fails for the moment only', async () => {
  const path = temporaryFile()
  const holder = startChild('hold-lock.ts', path, 400)
  expect(await holder.line()).toBe('locked')
  const store = sqliteStore({ path })
  await expect(store.open()).rejects.toMatchObject({ code: 'store-unavailable' })
  await expect(store.write({ records: [sampleRecord()], tallies: [] })).rejects.toMatchObject({
    code: 'store-unavailable',
  })
  expect(await holder.line()).toBe('released')
  await store.write({ records: [sampleRecord()], tallies: [] })
  expect((await store.records(RANGE)).records).toHaveLength(1)
  await store.close()
})

test('chunks flow while the lock is held, and the record arrives after its release', async () => {
  const path = temporaryFile()
  const store = sqliteStore({ path })
  await store.open()
  const recorder = createRecorder({
    store,
    batch: { intervalMs: 1 },
    retry: { attempts: 1_000, minMs: 5, maxMs: 5 },
    onError: () => {},
  })
  const holder = startChild('hold-lock.ts', path, 400)
  expect(await holder.line()).toBe('locked')
  const handler = withUsage(async () => answer(), { recorder })
  const url = 'http://localhost/v1/chat/completions'
  let released = false
  void holder.line().then(() => {
    released = true
  })
  let responses = 0
  while (!released) {
    const response = await handler(new Request(url, { method: 'POST' }))
    await response.text()
    responses += 1
    await new Promise((resolve) => setImmediate(resolve))
  }
  expect(responses).toBeGreaterThan(10)
  await recorder.flush()
  expect(recorder.stats()).toMatchObject({ requests: responses, recorded: responses, inFlight: 0 })
  await recorder.close()
  await store.close()
})

function answer(): Response {
  const usage = { prompt_tokens: 9, completion_tokens: 5, total_tokens: 14 }
  return Response.json({ object: 'chat.completion', id: 'chatcmpl-1', model: 'm', choices: [], usage })
}
