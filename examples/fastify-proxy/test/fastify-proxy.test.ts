import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { LLMock } from '@copilotkit/aimock'
import OpenAI from 'openai'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const provider = new LLMock({ host: '127.0.0.1', port: 0 })
const messages = [{ role: 'user' as const, content: 'Hello' }]
let proxy: ReturnType<typeof spawn>
let url: string

beforeAll(async () => {
  provider.on({ model: 'gpt-4o-mini' }, { content: 'Hello', usage: { prompt_tokens: 21, completion_tokens: 8 } })
  provider.on({ model: 'gpt-4o' }, { content: 'Hello there', usage: { prompt_tokens: 34, completion_tokens: 13 } })
  await provider.start()
  const env = { ...process.env, UPSTREAM: `${provider.url}/v1`, OPENAI_API_KEY: 'ours', PORT: '0' }
  const main = join(import.meta.dirname, '../src/main.ts')
  proxy = spawn(process.execPath, [main], { env, stdio: ['ignore', 'pipe', 'inherit'] })
  const [line] = await once(createInterface({ input: proxy.stdout as NodeJS.ReadableStream }), 'line')
  url = String(line).replace('listening on ', '')
})

afterAll(async () => {
  proxy.kill('SIGKILL')
  await provider.stop()
})

const client = (apiKey: string): OpenAI => new OpenAI({ baseURL: `${url}/v1`, apiKey, maxRetries: 0 })

describe('The proxy in Fastify', () => {
  it('serves the OpenAI client, streamed and whole', async () => {
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

  it('takes a stamp of a route of its own', async () => {
    const headers = { authorization: 'Bearer sk-ada', 'content-type': 'application/json' }
    const response = await fetch(`${url}/v1/echo`, { method: 'POST', headers, body: '{"a":1}' })
    expect(await response.json()).toEqual({ echo: '{"a":1}' })
  })

  it('turns a stranger away', async () => {
    await expect(client('sk-mallory').chat.completions.create({ model: 'gpt-4o', messages })).rejects.toMatchObject({
      status: 401,
    })
  })

  it('shows what was used, by user and model', async () => {
    await expect
      .poll(async () => (await fetch(`${url}/usage`)).json(), { timeout: 10_000 })
      .toMatchObject([
        { group: { userId: 'grace', servedModel: 'gpt-4o' }, requests: 1, inputTokens: 34, outputTokens: 13 },
        { group: { userId: 'ada', servedModel: 'gpt-4o-mini' }, requests: 1, inputTokens: 21, outputTokens: 8 },
        { group: { userId: 'ada', servedModel: 'echo' }, requests: 1, inputTokens: 7, outputTokens: 0 },
      ])
  })

  it('ends when it is told to', async () => {
    proxy.kill('SIGTERM')
    expect(await once(proxy, 'exit')).toEqual([0, null])
  })
})
