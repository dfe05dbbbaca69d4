import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import type { RecorderStats } from '@withusage/core'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { type Collector, startCollector } from './support/collector.ts'
import { startWorker, type Worker } from './support/worker.ts'

const REQUESTS = 200
/** So many of them write their counts at a time; the others' go with what those write next. */
const MOST_COUNTING = 100
const NEVER = 600_000

interface Setting {
  worker: Worker
  collector: Collector
}

async function start(idleMs = NEVER): Promise<Setting> {
  const collector = await startCollector()
  onTestFinished(collector.close)
  const worker = await startWorker('freezing-worker.ts', { COLLECTOR: collector.url, IDLE_MS: idleMs })
  onTestFinished(worker.stop)
  return { worker, collector }
}

async function post({ worker }: Setting, path: string): Promise<string> {
  const response = await fetch(`${worker.url}${path}`, { method: 'POST' })
  return response.text()
}

async function stats({ worker }: Setting, store = 'fetched'): Promise<RecorderStats> {
  const response = await fetch(`${worker.url}/${store}/stats`)
  return (await response.json()) as RecorderStats
}

function ask({ worker }: Setting, path: string): Socket {
  const { port, host } = new URL(worker.url)
  const socket = connect(Number(port), '127.0.0.1')
  socket.write(`POST ${path} HTTP/1.1\r\nhost: ${host}\r\ncontent-length: 0\r\n\r\n`)
  return socket
}

/** A client that leaves once the first usage has come. */
async function leave(setting: Setting, path: string): Promise<void> {
  const socket = ask(setting, path)
  for await (const bytes of socket) if (String(bytes).includes('prompt_tokens')) break
  if (!socket.closed) await once(socket, 'close')
}

/** Documents, streams, and streams whose clients leave, numbered. Resolves when no client is there any more. */
function fire(setting: Setting, way: string): Promise<unknown> {
  const kinds = ['document', 'stream', 'document', 'stream', 'endless'] as const
  return Promise.all(
    Array.from({ length: REQUESTS }, (_, number) => {
      const kind = kinds[number % kinds.length]
      const path = `/${way}/${kind}/${number}`
      return kind === 'endless' ? leave(setting, path) : post(setting, path)
    }),
  )
}

const numbered = (count: number): string[] => Array.from({ length: count }, (_, number) => `chatcmpl-${number}`)

const byNumber = (ids: readonly (string | null)[]): string[] =>
  ids.map(String).toSorted((a, b) => Number(a.slice(9)) - Number(b.slice(9)))

describe('A Worker whose store is a fetch away, and answers when every client has gone', () => {
  it('loses none of 200 records with its ctx', async () => {
    const setting = await start()
    const { collector, worker } = setting
    await fire(setting, 'fetched/kept')
    await vi.waitUntil(() => collector.waiting() === REQUESTS, { timeout: 20_000 })
    expect(await stats(setting)).toMatchObject({ requests: REQUESTS, recorded: 0, inFlight: REQUESTS })
    collector.open()
    await vi.waitUntil(async () => (await stats(setting)).inFlight === 0, { timeout: 20_000 })
    expect(byNumber(collector.taken())).toEqual(numbered(REQUESTS))
    expect(await stats(setting)).toMatchObject({ recorded: REQUESTS, unrecorded: {}, ignored: {} })
    expect(worker.output()).not.toMatch(/different request|hung|\[withusage\]/)
  })

  it('loses all 200 without it, and none of the requests that have it after them', async () => {
    const setting = await start()
    const { collector } = setting
    await fire(setting, 'fetched/dropped')
    await collector.left()
    collector.open()
    expect(await stats(setting)).toMatchObject({ requests: REQUESTS, recorded: 0, inFlight: REQUESTS })
    expect(collector.taken()).toEqual([])
    await fire(setting, 'fetched/kept')
    await vi.waitUntil(async () => (await stats(setting)).recorded === REQUESTS, { timeout: 20_000 })
    expect(byNumber(collector.taken())).toEqual(numbered(REQUESTS))
  })

  it('loses no count of what has no record', async () => {
    const setting = await start()
    const { collector } = setting
    await Promise.all(Array.from({ length: REQUESTS }, () => post(setting, '/fetched/kept/nothing')))
    await vi.waitUntil(() => collector.waiting() === MOST_COUNTING, { timeout: 20_000 })
    collector.open()
    await vi.waitUntil(() => collector.totals().no_usage === REQUESTS, { timeout: 20_000 })
  })
})

describe('A Worker whose store is in its memory', () => {
  it.each(['kept', 'dropped'])('loses none of 200 records while it lives: its ctx is %s', async (way) => {
    const setting = await start()
    await fire(setting, `memory/${way}`)
    await vi.waitUntil(async () => (await stats(setting, 'memory')).recorded === REQUESTS, { timeout: 20_000 })
    expect(await stats(setting, 'memory')).toMatchObject({
      requests: REQUESTS,
      unrecorded: {},
      ignored: {},
      inFlight: 0,
    })
  })
})

describe('A Worker that nobody tells of who leaves', () => {
  const LEAVING = 20
  const IDLE_MS = 500

  /** Requests go on coming, until those that were left are accounted for: a write that was stopped is taken over after 30 s. */
  async function othersCome(setting: Setting): Promise<RecorderStats> {
    await vi.waitUntil(
      async () => {
        await post(setting, '/fetched/kept/unknown')
        return (await stats(setting)).inFlight === 0
      },
      { timeout: 60_000 },
    )
    return stats(setting)
  }

  it('records streams that were left while they were silent, once they have been idle and others come', async () => {
    const setting = await start(IDLE_MS)
    setting.collector.open()
    await Promise.all(numbered(LEAVING).map((_, number) => leave(setting, `/fetched/kept/silent/${number}`)))
    expect(await othersCome(setting)).toMatchObject({ recorded: LEAVING, unrecorded: {} })
    expect(byNumber(setting.collector.taken())).toEqual(numbered(LEAVING))
  })

  it('counts requests that were broken off before they were answered', async () => {
    const setting = await start(IDLE_MS)
    setting.collector.open()
    const sockets = numbered(LEAVING).map(() => ask(setting, '/fetched/kept/late'))
    await vi.waitUntil(async () => (await stats(setting)).requests === LEAVING, { timeout: 20_000 })
    for (const socket of sockets) socket.resetAndDestroy()
    expect(await othersCome(setting)).toMatchObject({ recorded: 0, unrecorded: { cancelled: LEAVING } })
    await vi.waitUntil(() => setting.collector.totals().cancelled === LEAVING, { timeout: 20_000 })
  })
})
