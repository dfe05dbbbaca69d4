import { testAdapter } from '@withusage/testing'
import { buildNextApp, type NextApp, startNextApp } from '@withusage/testing/next-app'
import { expect, test, vi } from 'vitest'
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
