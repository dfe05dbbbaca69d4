import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { LLMock } from '@copilotkit/aimock'
import { sqliteStore } from '@withusage/sqlite'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const ROOT = join(import.meta.dirname, '..')
const folder = mkdtempSync(join(tmpdir(), 'withusage-agent-'))
const database = join(folder, 'usage.db')
const provider = new LLMock({ host: '127.0.0.1', port: 0 })
let env: NodeJS.ProcessEnv
let server: ReturnType<typeof spawn>
let url: string

const openaiUsage = (prompt_tokens: number, completion_tokens: number) => ({
  usage: { prompt_tokens, completion_tokens },
})

beforeAll(async () => {
  const toolCalls = ['pets', 'offices'].map((topic) => ({ name: 'look_up', arguments: JSON.stringify({ topic }) }))
  provider.on({ model: 'gpt-4o-mini' }, { toolCalls, ...openaiUsage(21, 8) })
  provider.on(
    { model: 'claude-haiku-4-5' },
    { content: 'Dogs are fine.', usage: { input_tokens: 55, output_tokens: 6 } },
  )
  provider.on({ model: 'gpt-4o' }, { content: 'Yes, you may bring it.', ...openaiUsage(34, 13) })
  await provider.start()
  env = {
    ...process.env,
    OPENAI_BASE_URL: `${provider.url}/v1`,
    OPENAI_API_KEY: 'ours',
    ANTHROPIC_BASE_URL: provider.url,
    ANTHROPIC_API_KEY: 'ours',
    USAGE_DB: database,
    PORT: '0',
  }
  server = spawn(process.execPath, [join(ROOT, 'src/main.ts')], { env, stdio: ['ignore', 'pipe', 'inherit'] })
  const [line] = await once(createInterface({ input: server.stdout as NodeJS.ReadableStream }), 'line')
  url = String(line).replace('listening on ', '')
})

afterAll(async () => {
  server?.kill('SIGKILL')
  await provider.stop()
  rmSync(folder, { recursive: true })
})

describe('The agent', () => {
  it('answers, and each call that it made is a line of whoever asked', async () => {
    const response = await fetch(`${url}/ask`, { method: 'POST', body: 'A dog?', headers: { 'x-user': 'ada' } })
    expect(await response.text()).toBe('Yes, you may bring it.')
    await expect
      .poll(async () => (await fetch(`${url}/usage`)).json(), { timeout: 10_000 })
      .toMatchObject([
        {
          group: { userId: 'ada', servedModel: 'claude-haiku-4-5', evidence: 'upstream' },
          modelCalls: 2,
          inputTokens: 110,
        },
        {
          group: { userId: 'ada', servedModel: 'gpt-4o' },
          requests: 1,
          modelCalls: 1,
          inputTokens: 34,
          outputTokens: 13,
        },
        { group: { userId: 'ada', servedModel: 'gpt-4o-mini' }, modelCalls: 1, inputTokens: 21, outputTokens: 8 },
      ])
  })

  it('has a nightly job that pays for itself', async () => {
    const run = promisify(execFile)
    const { stdout } = await run(process.execPath, [join(ROOT, 'src/nightly.ts'), 'holidays', 'expenses'], { env })
    expect(stdout).toBe('Dogs are fine.\nDogs are fine.\n')
  })

  it('ends with everything in the file', async () => {
    server.kill('SIGTERM')
    await once(server, 'exit')
    const store = sqliteStore({ path: database })
    const range = { from: new Date(0), to: new Date('2100-01-01') }
    expect(await store.aggregate({ ...range, bucket: null, groupBy: ['userId', 'source'] })).toMatchObject([
      { group: { userId: 'ada' }, requests: 1, modelCalls: 4, incomplete: 0, inputTokens: 165, outputTokens: 33 },
      { group: { userId: 'nightly', source: 'job' }, requests: 2, modelCalls: 2, inputTokens: 110, outputTokens: 12 },
    ])
    expect(await store.account({ ...range, bucket: null })).toMatchObject([
      { account: 'recorded', endpoint: '/ask', requests: 1 },
      { account: 'recorded', endpoint: '/v1/messages', requests: 2 },
    ])
    await store.close()
  })
})
