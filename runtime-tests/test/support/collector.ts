import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'
import type { Tally, UsageRecord } from '@withusage/core'

/** What a store over `fetch` talks to. It keeps everyone waiting until it is opened. */
export interface Collector {
  url: string
  /** Writes that wait for their answer, whose sender is still there. */
  waiting(): number
  /** Resolves when all who waited have gone, and nobody comes any more. */
  left(): Promise<void>
  /** Answers all that wait and all that come. */
  open(): void
  /** Response ids of the records that were taken: what is written by someone who has gone when it is answered is not. */
  taken(): (string | null)[]
  /** The largest total that was taken, by reason. */
  totals(): Record<string, number>
  close(): Promise<void>
}

interface Write {
  records: UsageRecord[]
  tallies: Tally[]
}

export async function startCollector(): Promise<Collector> {
  const held = new Map<ServerResponse, Write>()
  const taken = new Map<string, UsageRecord>()
  const totals: Record<string, number> = {}
  let isOpen = false
  let came = 0

  function take(response: ServerResponse, { records, tallies }: Write): void {
    const duplicates = records.filter(({ id }) => taken.has(id)).map(({ requestId }) => requestId)
    for (const record of records) taken.set(record.id, record)
    for (const { reason, count } of tallies) totals[reason] = Math.max(totals[reason] ?? 0, count)
    response.end(JSON.stringify({ duplicates, foreign: [] }))
  }

  const server = createServer(async (request, response) => {
    came++
    const write = (await json(request).catch(() => null)) as Write | null
    if (write === null) return
    if (isOpen) return take(response, write)
    held.set(response, write)
    response.once('close', () => held.delete(response))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    waiting: () => held.size,
    async left() {
      for (let looks = 0, seen = -1; looks < 10; looks = held.size === 0 && seen === came ? looks + 1 : 0) {
        seen = came
        await new Promise((resolve) => setTimeout(resolve, 50))
      }
    },
    open() {
      isOpen = true
      for (const [response, write] of held) take(response, write)
    },
    taken: () => [...taken.values()].map(({ responseId }) => responseId),
    totals: () => totals,
    async close() {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}
