import { fileURLToPath } from 'node:url'
import { testAdapter } from '@withusage/testing'
import { buildNextApp, startNextApp } from '@withusage/testing/next-app'
import { vi } from 'vitest'

const APP = fileURLToPath(new URL('../next', import.meta.url))

const NO_CODING = 'Next drops the content-encoding that a handler sets, so that only Next itself can compress'

vi.setConfig({ hookTimeout: 300_000 })

testAdapter('Next.js', {
  async start() {
    await buildNextApp(APP)
    const { url, stop } = await startNextApp(APP)
    const [bare, metered, compressing] = [`${url}/bare`, `${url}/metered`, `${url}/compressing`]
    // Next compresses by itself what a client takes compressed: around the route handler.
    return { bare, metered, compressed: { bare, before: metered, after: compressing }, close: () => stop() }
  },
  gaps: {
    'compression mounted after': NO_CODING,
    'compressed and stamped': NO_CODING,
  },
})
