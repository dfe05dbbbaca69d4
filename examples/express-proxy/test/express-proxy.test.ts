import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { LLMock } from '@copilotkit/aimock'
import { sqliteStore } from '@withusage/sqlite'
import OpenAI from 'openai'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const ROOT = join(import.meta.dirname, '..')
const folder = mkdtempSync(join(tmpdir(), 'withusage-express-'))
const database = join(folder, 'usage.db')

const provider = new LLMock({ host: '127.0.0.1', port: 0 })
const messages = [{ role: 'user' as const, content: 'a prompt that nobody else may read' }]
let proxy: ReturnType<typeof spawn>
let url: string

beforeAll(async () => {
  provider.on({ model: 'gpt-4o-mini' }, { content: 'Hello', usage: { prompt_tokens: 21, completion_tokens: 8 } })
  provider.on({ model: 'gpt-4o' }, { content: 'Hello there', usage: { prompt_tokens: 34, completion_tokens: 13 } })
  await provider.start()
  const env = { ...process.env, UPSTREAM: `${provider.url}/v1`, OPENAI_API_KEY: 'ours', USAGE_DB: database, PORT: '0' }
  proxy = spawn(process.execPath, [join(ROOT, 'src/main.ts')], { env, stdio: ['ignore', 'pipe', 'inherit'] })
  const [line] = await once(createInterface({ input: proxy.stdout as NodeJS.ReadableStream }), 'line')
  url = String(line).replace('listening on ', '')
})

afterAll(async () => {
  proxy.kill('SIGKILL')
  await provider.stop()
  rmSync(folder, { recursive: true })
})

const client = (apiKey: string): OpenAI => new OpenAI({ baseURL: `${url}/v1`, apiKey, maxRetries: 0 })

describe('The proxy', () => {
  it('serves the OpenAI client, streamed and whole, and bills the key', async () => {
    const whole = await client('sk-ada').chat.completions.create({ model: 'gpt-4o-mini', messages })
    expect(whole.usage).toMatchObject({ prompt_tokens: 21, completion_tokens: 8 })
    const stream = await client('sk-grace').chat.completions.create({
      model: 'gpt-4o',
      messages,
      stream: true,
      stream_options: { include_usage: true },
    })
    let text = ''
    for await (const { choices } of stream) text += choices[0]?.delta.content ?? ''
    expect(text).toBe('Hello there')
  })

  it('turns a stranger away', async () => {
    await expect(client('sk-mallory').chat.completions.create({ model: 'gpt-4o', messages })).rejects.toMatchObject({
      status: 401,
    })
  })

  it('shows what was used, by user, key and model', async () => {
    const headers = { authorization: 'Bearer sk-ada' }
    await expect
      .poll(async () => (await fetch(`${url}/usage`, { headers })).json(), { timeout: 10_000 })
      .toMatchObject([
        { group: { userId: 'grace', apiKeyId: 'key_2', servedModel: 'gpt-4o' }, inputTokens: 34, outputTokens: 13 },
        { group: { userId: 'ada', apiKeyId: 'key_1', servedModel: 'gpt-4o-mini' }, inputTokens: 21, outputTokens: 8 },
      ])
  })

  it('ends with everything in the file, and no key or prompt', async () => {
    proxy.kill('SIGTERM')
    await once(proxy, 'exit')
    const store = sqliteStore({ path: database })
    const range = { from: new Date(0), to: new Date('2100-01-01') }
    const account = await store.account({ ...range, bucket: null })
    expect(account.map(({ account, reason, endpoint, requests }) => [account, reason, endpoint, requests])).toEqual(
      expect.arrayContaining([
        ['recorded', null, '/v1/chat/completions', 2],
        ['ignored', 'status_4xx', '/v1/chat/completions', 1],
      ]),
    )
    await store.close()
    const file = readFileSync(database, 'latin1')
    for (const secret of ['sk-ada', 'sk-grace', 'sk-mallory', messages[0]?.content ?? ''])
      expect(file).not.toContain(secret)
  })
})
