import { openUpstream } from '@withusage/testing'
import { describe, expect, it, vi } from 'vitest'
import { bytesOf, chatEvents, sseEvent } from './support/bodies.ts'
import { heldBytes } from './support/held-bytes.ts'
import { metering, post } from './support/metered.ts'
import { readerOf } from './support/reading.ts'

const CLIENTS = 500
const SEATS = 50
const MEBIBYTE = 1024 * 1024

/** Clients that have had the first chunk. */
async function crowd(handler: (request: Request) => Promise<Response>) {
  const clients = Array.from({ length: CLIENTS }, async () => readerOf(await handler(post())))
  const readers = await Promise.all(clients)
  await Promise.all(readers.map((reader) => reader.read()))
  return readers
}

describe(`${CLIENTS} clients that leave at once`, () => {
  it(`are read for ${SEATS} at a time; the providers of the others are stopped, and all are accounted for`, async () => {
    const gate = Promise.withResolvers<void>()
    const events = chatEvents(Array<string>(20).fill('word '))
    const upstream = await openUpstream(events, gate.promise)
    const meter = metering()
    const { recorder } = meter
    const handler = meter.wrap(() => fetch(upstream.url, { method: 'POST' }), {
      onDisconnect: { drain: { maxConcurrent: SEATS } },
    })
    const readers = await crowd(handler)
    const full = CLIENTS - SEATS
    const left = readers.map((reader) => reader.cancel())
    expect(recorder.stats().drains).toEqual({ running: SEATS, ended: { full } })
    await Promise.all(left)
    expect(recorder.stats()).toMatchObject({ requests: CLIENTS, inFlight: SEATS, unrecorded: { cancelled: full } })
    expect(recorder.stats().drains).toEqual({ running: SEATS, ended: { full } })

    let over = 0
    for (const call of upstream.calls) void call.over.then(() => over++)
    await vi.waitUntil(() => over === full, { interval: 1, timeout: 10_000 })
    gate.resolve()
    const ends = await Promise.all(upstream.calls.map(async (call) => `${await call.over} ${call.sent}`))
    const all = `sent ${events.length}`
    expect(ends.filter((end) => end === all)).toHaveLength(SEATS)
    expect(ends.filter((end) => end === 'cut off 1')).toHaveLength(full)

    await vi.waitUntil(() => recorder.stats().drains?.running === 0, { interval: 1 })
    expect(recorder.stats().drains).toEqual({ running: 0, ended: { full, finished: SEATS } })
    const records = await meter.records()
    expect(records).toHaveLength(SEATS)
    expect(new Set(records.map(({ outcome, final, outputTokens }) => `${outcome} ${final} ${outputTokens}`))).toEqual(
      new Set(['cancelled true 5']),
    )
    expect(recorder.stats()).toMatchObject({ requests: CLIENTS, recorded: SEATS, inFlight: 0 })
  })

  it('leave nothing of their bodies in memory, neither while they are drained nor afterwards', async ({ annotate }) => {
    const word = sseEvent({ object: 'chat.completion.chunk', choices: [{ delta: { content: 'x'.repeat(16_000) } }] })
    const [usage, done] = chatEvents().slice(-2) as [string, string]
    const meter = metering()
    const held: number[] = []
    const gate = Promise.withResolvers<void>()
    let drained = 0
    let most = 0
    function body(): ReadableStream<Uint8Array> {
      let left = 256
      async function pull(controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
        if (left < 256) await gate.promise
        const chunk = bytesOf(left-- > 0 ? word : left === -1 ? usage : done)
        most = Math.max(most, meter.recorder.stats().drains?.running ?? 0)
        if (++drained % 1_000 === 0) held.push(heldBytes())
        controller.enqueue(chunk)
        if (left < -1) controller.close()
      }
      return new ReadableStream({ pull }, { highWaterMark: 0 })
    }
    const handler = meter.wrap(() => new Response(body(), { headers: { 'content-type': 'text/event-stream' } }), {
      onDisconnect: { drain: { maxConcurrent: SEATS } },
    })
    const readers = await crowd(handler)
    await Promise.all(readers.map((reader) => reader.cancel()))
    const before = heldBytes()
    gate.resolve()
    await vi.waitUntil(() => meter.recorder.stats().drains?.running === 0, { interval: 1, timeout: 30_000 })
    const after = heldBytes()
    annotate(`${held.length} looks; at most ${Math.max(...held) - before} bytes more, afterwards ${after - before}`)
    expect(most).toBe(SEATS)
    expect(held.length).toBeGreaterThan(10)
    expect(Math.max(...held) - before).toBeLessThan(4 * MEBIBYTE)
    expect(after - before).toBeLessThan(MEBIBYTE)
    expect(await meter.records()).toHaveLength(SEATS)
    expect(meter.recorder.stats().unrecorded).toEqual({ cancelled: CLIENTS - SEATS })
  }, 60_000)
})
