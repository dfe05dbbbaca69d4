import { setTimeout } from 'node:timers/promises'
import { testAdapter } from '@withusage/testing'
import { buildNextApp, type NextApp, startNextApp } from '@withusage/testing/next-app'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { type Collector, startCollector } from './support/collector.ts'
import { NEXT_APP } from './support/next.ts'

const NO_CODING = 'Next drops the content-encoding that a handler sets, so that only Next itself can compress'

vi.setConfig({ hookTimeout: 300_000 })

let built: string
let app: NextApp

testAdapter('Next.js', {
  async start() {
    built = await buildNextApp(NEXT_APP)
    app = await startNextApp(NEXT_APP)
    const { url, stop } = app
    const [bare, metered, compressing] = [`${url}/bare`, `${url}/metered`, `${url}/compressing`]
    // Next compresses by itself what a client takes compressed: around the route handler.
    return { bare, metered, compressed: { bare, before: metered, after: compressing }, close: () => stop() }
  },
  gaps: {
    'compression mounted after': NO_CODING,
    'compressed and stamped': NO_CODING,
  },
})

test('Next.js builds without a warning, and leaves no rejection of all this unhandled', () => {
  expect(built).not.toMatch(/\[withusage\]|Error|Warning/)
  expect(app.output()).not.toMatch(/\[withusage\]|unhandledRejection/)
})

describe('Next.js, whose store is a fetch away, told to end as soon as every client has its answer', () => {
  const REQUESTS = 200

  /** Tells Next to end while the store keeps it waiting. */
  async function endAfter(way: 'after' | 'without'): Promise<{ collector: Collector; ended: Promise<void> }> {
    const collector = await startCollector()
    onTestFinished(collector.close)
    const { url, stop } = await startNextApp(NEXT_APP, { COLLECTOR: collector.url })
    onTestFinished(() => stop())
    await Promise.all(
      Array.from({ length: REQUESTS }, async (_, number) => {
        const headers = { connection: 'close' }
        const response = await fetch(`${url}/freezing/${way}/${number}`, { method: 'POST', headers })
        await response.text()
      }),
    )
    expect(collector.taken()).toEqual([])
    return { collector, ended: stop('SIGTERM') }
  }

  test('loses none of 200 records with after: it waits for the store', async () => {
    const { collector, ended } = await endAfter('after')
    await vi.waitUntil(() => collector.waiting() > 0, { timeout: 20_000 })
    expect(await Promise.race([ended.then(() => 'ended'), setTimeout(500, 'still there')])).toBe('still there')
    collector.open()
    await ended
    expect(new Set(collector.taken()).size).toBe(REQUESTS)
  })

  test('loses all of them without it: it waits for nobody', async () => {
    const { collector, ended } = await endAfter('without')
    await ended
    collector.open()
    expect(collector.taken()).toEqual([])
  })
})
