import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { LLMock } from '@copilotkit/aimock'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const provider = new LLMock({ host: '127.0.0.1', port: 0 })
let app: ReturnType<typeof spawn>
let url: string

beforeAll(async () => {
  provider.on({ model: 'gpt-4o-mini' }, { content: 'Hello', usage: { prompt_tokens: 21, completion_tokens: 8 } })
  provider.on({ model: 'claude-haiku-4-5' }, { content: 'Good day', usage: { input_tokens: 34, output_tokens: 13 } })
  await provider.start()
  const env = {
    ...process.env,
    PORT: '0',
    OPENAI_API_KEY: 'ours',
    OPENAI_BASE_URL: `${provider.url}/v1`,
    ANTHROPIC_API_KEY: 'ours',
    ANTHROPIC_BASE_URL: provider.url,
  }
  app = spawn(process.execPath, [join(import.meta.dirname, '../src/main.ts')], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [line] = await once(createInterface({ input: app.stdout as NodeJS.ReadableStream }), 'line')
  url = String(line).replace('listening on ', '')
})

afterAll(async () => {
  app.kill('SIGKILL')
  await provider.stop()
})

async function ask(provider: string, user: string, model: string): Promise<string> {
  const body = JSON.stringify({ model, question: 'How are you?' })
  return (await fetch(`${url}/chat/${provider}`, { method: 'POST', headers: { 'x-user': user }, body })).text()
}

describe('The chat', () => {
  it('answers in plain text, and bills what the providers have told their clients', async () => {
    expect(await ask('openai', 'ada', 'gpt-4o-mini')).toBe('Hello')
    expect(await ask('anthropic', 'grace', 'claude-haiku-4-5')).toBe('Good day')
    const group = (userId: string, provider: string, servedModel: string) => ({ userId, provider, servedModel })
    await expect
      .poll(async () => (await fetch(`${url}/usage`)).json(), { timeout: 10_000 })
      .toMatchObject([
        { group: group('grace', 'anthropic', 'claude-haiku-4-5'), inputTokens: 34, outputTokens: 13, incomplete: 0 },
        { group: group('ada', 'openai', 'gpt-4o-mini'), inputTokens: 21, outputTokens: 8, incomplete: 0 },
      ])
  })

  it('ends when it is told to', async () => {
    app.kill('SIGTERM')
    expect(await once(app, 'exit')).toEqual([0, null])
  })
})
