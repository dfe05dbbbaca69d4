import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, onTestFinished, test } from 'vitest'
import { startMockUpstream } from '../src/upstream/mock.ts'
import { run, scratch, start } from './support/run.ts'

const newFile = () => join(scratch(), 'usage.db')

describe('start --once', () => {
  test('ends with 0, both tables, and every request accounted for', async () => {
    const { code, stdout, stderr } = await run(['--once'])

    expect(stderr).toBe('')
    expect(stdout).toMatch(/^ {2}ada +gpt-5\.4-mini +2 +75 +– +47 +– +0$/m)
    expect(stdout).toMatch(/^ {2}grace +claude-endless +1 +41 +– +– +– +1$/m)
    expect(stdout).toMatch(/^ {2}unrecorded +no_usage +1$/m)
    expect(stdout).toMatch(/^ {2}unrecorded +cancelled +1$/m)
    expect(stdout).toMatch(/^ {2}ignored +status_5xx +1$/m)
    expect(stdout).toMatch(/^ {2}all +20$/m)
    expect(stdout).toContain('Read back: 20 requests, 13 records')
    expect(code).toBe(0)
  })

  test('adds to a file that is there already, and checks only what it added', async () => {
    const path = newFile()
    const first = await run(['--once', '--db', path])
    const second = await run(['--once', '--db', path])

    expect([first.code, second.code]).toEqual([0, 0])
    expect(second.stdout).toMatch(/^ {2}all +40$/m)
  })

  test.each([
    ['openai-chat', 'openaiChat', 'openai chat, streamed'],
    ['openai-embeddings', 'openaiEmbeddings', 'openai embeddings'],
    ['openai-responses', 'openaiResponses', 'openai responses, streamed'],
    ['anthropic-messages', 'anthropicMessages', 'anthropic messages, client leaves mid-stream'],
    ['ollama', 'ollama', 'ollama chat, streamed'],
    ['ollama-embed', 'ollamaEmbed', 'ollama embed'],
  ])('cannot lie: when %s reads one token too many, it ends with 1 and names the call', async (file, name, call) => {
    const preload = new URL(`support/off-by-one.ts?file=${file}&name=${name}`, import.meta.url).href
    const { code, stdout, stderr } = await run(['--once'], { preload })

    expect(stderr).toMatch(new RegExp(`✗ ${call} \\(\\S+\\): inputTokens is \\d+ in the file, the client knows \\d+`))
    expect(stdout).not.toContain('Read back')
    expect(code).toBe(1)
  })

  test.each([
    ['requests', /✗ the usage of ada, gpt-5\.4-mini: requests is 3 in the table, the clients know 2/],
    ['inputTokens', /✗ the usage of ada, gpt-5\.4-mini: inputTokens is 76 in the table, the clients know 75/],
    ['outputTokens', /✗ the usage of ada, gpt-5\.4-mini: outputTokens is 48 in the table, the clients know 47/],
    ['incomplete', /✗ the usage of grace, claude-endless: incomplete is 2 in the table, the clients know 1/],
  ])('cannot lie: when the aggregate sums %s wrong, it ends with 1 and names the row', async (column, difference) => {
    const preload = new URL(`support/wrong-sum.ts?column=${column}`, import.meta.url).href
    const { code, stdout, stderr } = await run(['--once'], { preload })

    expect(stderr).toMatch(difference)
    expect(stdout).not.toContain('Read back')
    expect(code).toBe(1)
  })

  test('cannot lie: when a lower bound is called final, it ends with 1 and names the call', async () => {
    const lie = 'support/off-by-one.ts?file=anthropic-messages&name=anthropicMessages&field=final'
    const { code, stderr } = await run(['--once'], { preload: new URL(lie, import.meta.url).href })

    expect(stderr).toMatch(
      /✗ anthropic messages, client leaves mid-stream \(\S+\): final is true in the file, the client knows false/,
    )
    expect(code).toBe(1)
  })
})

describe('start', () => {
  test('stays up, meters whoever comes, and Ctrl-C ends it with everything in the file', async () => {
    const path = newFile()
    const child = start(['--db', path])
    const url = await urlWhenReady(child.stdout)
    const response = await fetch(`${url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: 'Bearer key-grace', 'content-type': 'application/json', 'x-correlation-id': 'visitor' },
      body: JSON.stringify({ model: 'gpt-5.4-mini', messages: [{ role: 'user', content: 'hi' }] }),
    })
    const { usage } = (await response.json()) as { usage: { prompt_tokens: number } }

    child.kill('SIGINT')
    expect(await once(child, 'exit')).toEqual([0, null])
    const file = new DatabaseSync(path, { readOnly: true })
    onTestFinished(() => file.close())
    expect(file.prepare(`SELECT user_id, input_tokens FROM records WHERE correlation_id = 'visitor'`).all()).toEqual([
      expect.objectContaining({ user_id: 'grace', input_tokens: usage.prompt_tokens }),
    ])
  })
})

describe('--provider', () => {
  const started = async () => {
    const upstream = await startMockUpstream()
    onTestFinished(() => upstream.close())
    return upstream.url('') ?? ''
  }

  test.each([
    ['openai', (url: string) => ({ OPENAI_BASE_URL: `${url}/v1`, OPENAI_API_KEY: 'k' }), 7],
    ['anthropic', (url: string) => ({ ANTHROPIC_BASE_URL: url, ANTHROPIC_API_KEY: 'k' }), 3],
    ['ollama', (url: string) => ({ OLLAMA_HOST: url }), 4],
  ])(
    '%s talks to where its variables point, and only sends what that provider serves',
    async (name, variables, calls) => {
      const { code, stdout, stderr } = await run(['--once', '--provider', name], {
        environment: variables(await started()),
      })

      expect(stderr).toBe('')
      expect(stdout).toContain(`Read back: ${calls} requests`)
      expect(code).toBe(0)
    },
  )

  test('without its key ends with 2 and says which variable is missing', async () => {
    const { code, stderr } = await run(['--once', '--provider', 'openai'])
    expect(stderr).toContain('OPENAI_API_KEY')
    expect(code).toBe(2)
  })

  test('that cannot be reached ends with 1 and says so', async () => {
    const { code, stderr } = await run(['--once', '--provider', 'ollama'], {
      environment: { OLLAMA_HOST: '127.0.0.1:9' },
    })
    expect(stderr).toContain('127.0.0.1:9 cannot be reached')
    expect(code).toBe(1)
  })
})

describe('the command line', () => {
  test('that is not understood ends with 2', async () => {
    const { code, stderr } = await run(['--onse'])
    expect(stderr).toContain('--onse')
    expect(code).toBe(2)
  })

  test('--help shows every option and ends with 0', async () => {
    const { code, stdout } = await run(['--help'])
    for (const option of ['--once', '--provider', '--port', '--db']) expect(stdout).toContain(option)
    expect(code).toBe(0)
  })
})

async function urlWhenReady(output: NodeJS.ReadableStream): Promise<string> {
  let url = ''
  for await (const line of createInterface({ input: output })) {
    url ||= /listens on (\S+)\. /.exec(line)?.[1] ?? ''
    if (line.includes('Ctrl-C')) return url
  }
  throw new Error('the server ended before it was ready')
}
