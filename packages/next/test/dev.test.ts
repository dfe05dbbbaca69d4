import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { developNextApp, type NextApp } from '@withusage/testing/next-app'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { settledAt } from './support/account.ts'

const PACKAGE = fileURLToPath(new URL('..', import.meta.url))

let folder: string
let app: NextApp

/** A copy beside the original, which has the same packages: its files change. */
beforeAll(async () => {
  folder = await mkdtemp(path.join(PACKAGE, '.dev-'))
  const isSource = (file: string) => path.basename(file) !== '.next'
  await cp(path.join(PACKAGE, 'fixture'), folder, { recursive: true, filter: isSource })
  app = await developNextApp(folder)
}, 60_000)

afterAll(async () => {
  await app?.stop('SIGTERM')
  await rm(folder, { recursive: true, force: true, maxRetries: 5 })
})

const chat = async () => (await fetch(`${app.url}/chat/1`, { method: 'POST', headers: { 'x-user': 'ada' } })).text()
const settled = (endpoint: string) => settledAt(`${app.url}/report`, endpoint)

describe('In next dev', () => {
  test('a route that is edited goes on with the same recorder, and is metered once a request', async () => {
    await chat()
    const route = path.join(folder, 'app/chat/[id]/route.ts')
    await writeFile(route, (await readFile(route, 'utf8')).replace("endpoint: '/chat/[id]'", "endpoint: '/edited'"))
    const requests = await vi.waitUntil(
      async () => {
        await chat()
        const { records } = await settled('/edited')
        return records.length
      },
      { timeout: 20_000 },
    )

    expect(requests).toBe(1)
    const before = (await settled('/chat/[id]')).records
    expect(before.map(({ userId }) => userId)).toEqual(before.map(() => 'ada'))
    expect(before.length).toBeGreaterThanOrEqual(1)
    expect(app.output()).not.toMatch(/\[withusage\]|unhandledRejection/)
  })
})
