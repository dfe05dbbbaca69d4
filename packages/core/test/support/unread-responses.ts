/**
 * What becomes of a response that nobody reads when it is collected, and of one that is kept through a collection. Run
 * with `node --expose-gc`; prints JSON. A process of its own, because a test runner holds what it has seen.
 */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Fetch, meteredFetch } from '../../src/metered-fetch.ts'
import { createRecorder } from '../../src/recorder.ts'
import { disabledStore } from '../../src/stores/disabled.ts'

const BODY = `{"text":"${'x'.repeat(4 * 1024 * 1024)}"}`
const TURNS = 200

const closed = new Set<string>()
const server = createServer((request, response) => {
  response.on('close', () => {
    if (!response.writableFinished) closed.add(request.url ?? '')
  })
  response.writeHead(200, { 'content-type': 'application/json' }).end(BODY)
})
await once(server.listen(0, '127.0.0.1'), 'listening')
const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`

async function collect(): Promise<void> {
  globalThis.gc?.()
  await new Promise((resolve) => setTimeout(resolve, 5))
}

async function letGo(call: Fetch, path: string): Promise<'closed' | 'open'> {
  await (async () => void (await call(`${origin}${path}`, { method: 'POST' })))()
  for (let turn = 0; turn < TURNS && !closed.has(path); turn++) await collect()
  return closed.has(path) ? 'closed' : 'open'
}

const recorder = createRecorder({ store: disabledStore(), batch: { intervalMs: 1 } })
const metered = meteredFetch({ recorder })
const kept = await metered(`${origin}/kept`, { method: 'POST' })
const results = { bare: await letGo(fetch, '/bare'), metered: await letGo(metered, '/metered') }
for (let turn = 0; turn < 20; turn++) await collect()
const held = (await kept.text()) === BODY ? 'read' : 'cut off'
for (let turn = 0; turn < TURNS && recorder.stats().inFlight > 0; turn++) await collect()
const { inFlight } = recorder.stats()
process.stdout.write(JSON.stringify({ ...results, held, inFlight }))
process.exit()
