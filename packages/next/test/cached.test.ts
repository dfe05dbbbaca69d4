import { fileURLToPath } from 'node:url'
import { buildNextApp, type NextApp, startNextApp } from '@withusage/testing/next-app'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { settledAt } from './support/account.ts'

const FIXTURE = fileURLToPath(new URL('../fixture-cached', import.meta.url))

let built: string
let app: NextApp

beforeAll(async () => {
  built = await buildNextApp(FIXTURE, '--webpack')
  app = await startNextApp(FIXTURE)
}, 300_000)

afterAll(async () => {
  await app?.stop()
})

const settled = (endpoint: string) => settledAt(`${app.url}/report`, endpoint)

describe('In an app with Cache Components, built with webpack', () => {
  test('a result that Next could keep unwrapped is kept, and who asks for it reaches no handler', async () => {
    const [kept, bare] = await Promise.all([fetch(`${app.url}/kept`), fetch(`${app.url}/bare`)])

    expect(kept.headers.get('x-nextjs-cache')).toBe('HIT')
    expect(bare.headers.get('x-nextjs-cache')).toBe('HIT')
    expect(await kept.text()).toBe(await bare.text())
    expect((await settled('/kept')).counts).toEqual([])
  })

  test('one that it cannot keep is metered for each who asks', async () => {
    const response = await fetch(`${app.url}/now`, { headers: { 'x-user': 'ada' } })

    expect(await response.json()).toMatchObject({ usage: { prompt_tokens: 9 } })
    expect((await settled('/now')).records).toMatchObject([{ userId: 'ada', inputTokens: 9, outcome: 'complete' }])
  })

  test('a stream is metered', async () => {
    const response = await fetch(`${app.url}/stream`, { method: 'POST', headers: { 'x-user': 'grace' } })

    expect(await response.text()).toContain('"prompt_tokens":9')
    expect((await settled('/stream')).records).toMatchObject([{ userId: 'grace', inputTokens: 9, outputTokens: 5 }])
  })

  test('neither the build nor the server has a word to say of metering', () => {
    expect(built).not.toMatch(/\[withusage\]|Error|Warning/)
    expect(app.output()).not.toMatch(/\[withusage\]|unhandledRejection/)
  })
})
