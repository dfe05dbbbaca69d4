import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const ROOT = path.join(import.meta.dirname, '..')
const DENO = path.join(path.dirname(createRequire(import.meta.url).resolve('deno/package.json')), 'deno')

/** The three lines of an answer by Ollama, of 12 and 3 tokens. */
const ANSWER = [
  { model: 'qwen3', created_at: '2026-01-01T00:00:00Z', message: { role: 'assistant', content: 'Hel' }, done: false },
  { model: 'qwen3', created_at: '2026-01-01T00:00:00Z', message: { role: 'assistant', content: 'lo' }, done: false },
  { model: 'qwen3', created_at: '2026-01-01T00:00:00Z', done: true, prompt_eval_count: 12, eval_count: 3 },
]
const BODY = ANSWER.map((line) => `${JSON.stringify(line)}\n`)

const provider = createServer((_request, response) => {
  response.writeHead(200, { 'content-type': 'application/x-ndjson' })
  for (const line of BODY) response.write(line)
  response.end()
})
let server: ChildProcess
let url: string
let said = ''

beforeAll(async () => {
  await once(provider.listen(0, '127.0.0.1'), 'listening')
  const env = { ...process.env, UPSTREAM: `http://127.0.0.1:${(provider.address() as AddressInfo).port}`, PORT: '0' }
  const main = path.join(ROOT, 'main.ts')
  const permissions = ['--allow-net', '--allow-env=UPSTREAM,PORT']
  // Not from inside the workspace: a package that Deno misses there makes it write into the workspace's package.json.
  server = spawn(DENO, ['run', '--no-check', ...permissions, main], { env: { ...env, NO_COLOR: '1' }, cwd: tmpdir() })
  url = await new Promise((resolve, reject) => {
    const hear = (text: Buffer): void => {
      said += text
      const address = /http:\/\/127\.0\.0\.1:\d+/.exec(said)
      if (address) resolve(address[0])
    }
    server.stdout?.on('data', hear)
    server.stderr?.on('data', hear)
    server.once('exit', () => reject(new Error(said)))
  })
})

afterAll(() => {
  server.kill('SIGKILL')
  provider.close()
})

describe('The Deno server', () => {
  it('passes the answer on as it is', async () => {
    const response = await fetch(`${url}/api/chat`, { method: 'POST', body: '{"model":"qwen3","messages":[]}' })
    expect(response.headers.get('content-type')).toBe('application/x-ndjson')
    expect(await response.text()).toBe(BODY.join(''))
  })

  it('bills the address that asked', async () => {
    await expect
      .poll(async () => (await fetch(`${url}/usage`)).json(), { timeout: 10_000 })
      .toMatchObject([{ group: { userId: '127.0.0.1', servedModel: 'qwen3' }, inputTokens: 12, outputTokens: 3 }])
  })

  it('is mounted as its README says', () => {
    const snippet = /```ts\n(.+?)```/s.exec(readFileSync(path.join(ROOT, 'README.md'), 'utf8'))?.[1] ?? 'no snippet'
    expect(readFileSync(path.join(ROOT, 'main.ts'), 'utf8')).toContain(snippet)
  })

  it('ends with everything recorded, and has complained of nothing', async () => {
    server.kill('SIGTERM')
    await once(server, 'exit')
    expect(said.replace(/^.*\n/, '')).toMatch(/^recorded 1 of \d+ requests\n$/)
  })
})
