import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { RecorderStats } from '@withusage/core'
import { expect, onTestFinished, test } from 'vitest'
import { sqliteStore } from '../src/index.ts'
import { startChild } from './support/child.ts'
import { temporaryFile } from './support/temporary-file.ts'

const ALWAYS = { from: new Date('2020-01-01'), to: new Date('2100-01-01') }
const RESULT = {
  ...{ id: 'resp_1', object: 'response', created_at: 1_760_000_000, status: 'completed', background: true },
  ...{ model: 'gpt-5', output: [], usage: { input_tokens: 20, output_tokens: 30, total_tokens: 50 } },
}

/** Where a provider keeps a result, on loopback, until the test is over. */
async function provider(result: object): Promise<{ url: string; calls: () => number }> {
  let calls = 0
  const server = createServer((_request, response) => {
    calls += 1
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(result))
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}/v1/responses/resp_1`, calls: () => calls }
}

/** Two processes that fetch one result, into one file, at the same time. Gives what each has counted. */
async function fetched(path: string, url: string, ...times: readonly number[]): Promise<RecorderStats[]> {
  return Promise.all(
    times.map(async (count) => {
      const child = startChild('fetch-result.ts', path, url, count)
      for (let time = 0; time < count; time++) expect(await child.line()).toBe(String(time))
      const stats: RecorderStats = JSON.parse((await child.line()) ?? 'null')
      expect(await child.exit).toBe(0)
      return stats
    }),
  )
}

const sum = (counts: readonly number[]): number => counts.reduce((total, count) => total + count, 0)

test.each([
  [3, 2],
  [2, 3],
  [30, 30],
])(
  'a Response made in the background, fetched %i and %i times from two processes, is one record',
  async (one, other) => {
    const path = temporaryFile()
    const { url, calls } = await provider(RESULT)
    const stats = await fetched(path, url, one, other)
    expect(calls()).toBe(one + other)
    expect(stats.map(({ requests }) => requests)).toEqual([one, other])

    const store = sqliteStore({ path })
    const { records } = await store.records(ALWAYS)
    const account = await store.account({ ...ALWAYS, bucket: null })
    await store.close()
    expect(records).toMatchObject([{ responseId: 'resp_1', inputTokens: 20, outputTokens: 30 }])
    // In each process, and in the file, the others are duplicates.
    const duplicates = stats.map(({ ignored }) => ignored.duplicate ?? 0)
    expect(sum(duplicates)).toBe(one + other - 1)
    expect(stats.map(({ recorded, ignored }) => recorded + (ignored.duplicate ?? 0))).toEqual([one, other])
    const ofDuplicates = account.filter(({ reason }) => reason === 'duplicate')
    expect(sum(ofDuplicates.map(({ requests }) => requests))).toBe(one + other - 1)
  },
)

test('a Response that was stored, fetched from two processes, is no inference and no record', async () => {
  const path = temporaryFile()
  const { url } = await provider({ ...RESULT, background: false })
  const stats = await fetched(path, url, 3, 3)
  const store = sqliteStore({ path })
  expect((await store.records(ALWAYS)).records).toEqual([])
  await store.close()
  // The request inside which it is fetched is a POST that may have inferred, and of which nothing is known.
  for (const { ignored, unrecorded } of stats) {
    expect(ignored).toEqual({ not_inference: 2 })
    expect(unrecorded).toEqual({ no_usage: 1 })
  }
})
