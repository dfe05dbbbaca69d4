import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const ROOT = path.join(import.meta.dirname, '..')
const BUN = path.join(path.dirname(createRequire(import.meta.url).resolve('bun/package.json')), 'bin/bun.exe')

const ANSWER = JSON.stringify({
  id: 'chatcmpl-1',
  object: 'chat.completion',
  model: 'gpt-4o-mini',
  choices: [{ index: 0, message: { role: 'assistant', content: 'Ten minutes' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 12, completion_tokens: 3, total_tokens: 15 },
})

const provider = createServer((_request, response) => {
  response.writeHead(200, { 'content-type': 'application/json' }).end(ANSWER)
})
let server: ChildProcess
let url: string
let lines: AsyncIterator<string>
let complaints = ''

beforeAll(async () => {
  await once(provider.listen(0, '127.0.0.1'), 'listening')
  const env = { ...process.env, UPSTREAM: `http://127.0.0.1:${(provider.address() as AddressInfo).port}`, PORT: '0' }
  server = spawn(BUN, ['run', path.join(ROOT, 'server.ts')], { env, cwd: tmpdir() })
  server.stderr?.on('data', (text) => {
    complaints += text
  })
  lines = createInterface({ input: server.stdout as NodeJS.ReadableStream })[Symbol.asyncIterator]()
  url = String((await lines.next()).value).replace('listening on ', '')
})

afterAll(() => {
  server.kill('SIGKILL')
  provider.close()
})

const headers = { 'x-user': 'ada' }

describe('The Bun server', () => {
  it('passes the answers on as they are, on both routes', async () => {
    const asked = [
      await fetch(`${url}/v1/chat/completions`, { method: 'POST', headers, body: '{"model":"gpt-4o-mini"}' }),
      await fetch(`${url}/rooms/kitchen/ask`, { method: 'POST', headers, body: 'How long do eggs boil?' }),
    ]
    for (const response of asked) {
      expect(response.headers.get('content-type')).toBe('application/json')
      expect(await response.text()).toBe(ANSWER)
    }
  })

  it('bills the user, and the room by its route', async () => {
    const used = { inputTokens: 12, outputTokens: 3 }
    await expect
      .poll(async () => (await fetch(`${url}/usage`)).json(), { timeout: 10_000 })
      .toMatchObject([
        { group: { userId: 'ada', projectId: null, endpoint: '/v1/chat/completions' }, ...used },
        { group: { userId: 'ada', projectId: 'kitchen', endpoint: '/rooms/:room/ask' }, ...used },
      ])
  })

  it('serves its static route unmetered', async () => {
    expect(await (await fetch(`${url}/health`)).text()).toBe('ok')
  })

  it('is mounted as its README says', () => {
    const snippet = /```ts\n(.+?)```/s.exec(readFileSync(path.join(ROOT, 'README.md'), 'utf8'))?.[1] ?? 'no snippet'
    expect(readFileSync(path.join(ROOT, 'server.ts'), 'utf8')).toContain(snippet)
  })

  it('ends with everything recorded, and has complained of nothing', async () => {
    server.kill('SIGTERM')
    expect((await lines.next()).value).toBe('recorded 2 of 2 requests')
    await once(server, 'exit')
    expect(complaints).toBe('')
  })
})
