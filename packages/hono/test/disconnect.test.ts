import { request } from 'node:http'
import type { UsageOptions } from '@withusage/core'
import { createBooks, openUpstream } from '@withusage/testing'
import { Hono } from 'hono'
import { stream } from 'hono/streaming'
import { describe, expect, it } from 'vitest'
import { usage } from '../src/index.ts'
import { chatChunk, listen, usageChunk } from './support/harness.ts'

const sse = (data: object) => `data: ${JSON.stringify(data)}\n\n`
const words = (count: number) => Array<string>(count).fill(sse(chatChunk('word')))
const SHORT = [...words(30), sse(usageChunk), 'data: [DONE]\n\n']
const LONG = [...words(3_000), sse(usageChunk), 'data: [DONE]\n\n']
const FINAL = { outcome: 'cancelled', final: true, inputTokens: 9, outputTokens: 5 }

/** A proxy on a port, of which a client has had the first chunk when it closes the connection. */
async function left(events: readonly string[], onDisconnect?: UsageOptions['onDisconnect']) {
  const books = createBooks()
  const upstream = await openUpstream(events)
  const app = new Hono().use(usage({ recorder: books.recorder, ...(onDisconnect && { onDisconnect }) }))
  app.post('/v1/chat/completions', () => fetch(upstream.url, { method: 'POST' }))
  const url = await listen(app)
  await new Promise<void>((resolve) => {
    const outgoing = request(`${url}/v1/chat/completions`, { method: 'POST' }, (incoming) => {
      incoming
        .on('error', () => {})
        .once('data', () => {
          incoming.destroy()
          resolve()
        })
    })
    outgoing.end()
  })
  const [call] = upstream.calls
  const came = `${await call?.over} ${call?.sent}`
  return { came, records: await books.settled(), stats: books.recorder.stats() }
}

describe('A client that closes the connection', () => {
  it('has the provider stopped at once', async () => {
    const { came, records, stats } = await left(LONG)
    expect(came).toMatch(/^cut off \d{1,3}$/)
    expect(records).toEqual([])
    expect(stats).toMatchObject({ requests: 1, unrecorded: { cancelled: 1 } })
  })

  it("with `onDisconnect: 'drain'` has the provider's final count on record", async () => {
    const { came, records, stats } = await left(SHORT, 'drain')
    expect(came).toBe(`sent ${SHORT.length}`)
    expect(records).toMatchObject([FINAL])
    expect(stats.drains).toEqual({ running: 0, ended: { finished: 1 } })
  })

  it('past a bound has the provider stopped, and what is known by then counts', async () => {
    const { came, stats } = await left(LONG, { drain: { maxBytes: 1_000 } })
    expect(came).toMatch(/^cut off \d{1,3}$/)
    expect(stats).toMatchObject({ requests: 1, unrecorded: { cancelled: 1 }, drains: { ended: { too_large: 1 } } })
  })

  it("of Hono's own stream helper has its handler write to the end", async () => {
    const { recorder, settled } = createBooks()
    const [entered, gone] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    const app = new Hono().use(usage({ recorder, onDisconnect: 'drain' }))
    app.post('/v1/chat/completions', (c) => {
      c.header('content-type', 'text/event-stream')
      return stream(c, async (out) => {
        await out.write(SHORT[0] as string)
        entered.resolve()
        await gone.promise
        for (const event of SHORT.slice(1)) await out.write(event)
      })
    })
    const outgoing = request(`${await listen(app)}/v1/chat/completions`, { method: 'POST' })
    outgoing.on('error', () => {}).end()
    await entered.promise
    outgoing.destroy()
    while (recorder.stats().drains?.running !== 1) await new Promise(setImmediate)
    gone.resolve()
    expect(await settled()).toMatchObject([FINAL])
  })
})
