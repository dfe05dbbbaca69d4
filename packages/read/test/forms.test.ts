import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { BODY, CHAT } from './support/chat.ts'
import { read, SECRET, said, sse } from './support/run.ts'

function har(...entries: object[]): string {
  return JSON.stringify({ log: { version: '1.2', entries } })
}

function entry(url: string, content: object, response: object = {}): object {
  return { request: { method: 'POST', url }, response: { status: 200, headers: [], content, ...response } }
}

describe('a HAR', () => {
  it('tells of every entry, by its URL without what may be secret', async () => {
    const saved = har(
      entry(`https://ada:${SECRET}@llm.example/v1/chat/completions?key=${SECRET}`, {
        mimeType: 'application/json',
        text: BODY,
      }),
      entry('https://llm.example/app.css', { mimeType: 'text/css', text: 'p {}' }),
      entry(
        'https://llm.example/v1/embeddings',
        { mimeType: 'application/json', text: '{"error":{}}' },
        { status: 429 },
      ),
      entry('https://llm.example/v1/responses', {
        mimeType: 'application/json',
        encoding: 'base64',
        text: Buffer.from(BODY).toString('base64'),
      }),
      entry('https://llm.example/gone', { mimeType: 'application/json' }),
    )
    const { code, out } = await read(saved)
    expect(code).toBe(0)
    expect(out.match(/^\S.*$/gm)).toEqual([
      'POST https://llm.example/v1/chat/completions: recorded',
      'POST https://llm.example/app.css: unrecorded: no_usage',
      'POST https://llm.example/v1/embeddings: ignored: status_4xx',
      'POST https://llm.example/v1/responses: recorded',
      'POST https://llm.example/gone: unrecorded: no_usage',
    ])
    expect(out).toContain('saved without its body')
    expect(out).not.toContain(SECRET)
  })

  it('keeps a content-encoding of which the browser has decoded the body', async () => {
    const headers = [
      { name: ':status', value: '200' },
      { name: 'content-encoding', value: 'br' },
    ]
    const { code, out } = await read(
      har(entry('https://llm.example/x', { mimeType: 'application/json', text: BODY }, { headers })),
    )
    expect({ code, input: said(out, 'inputTokens') }).toEqual({ code: 0, input: '9 = usage.prompt_tokens 9' })
  })

  it.each([
    ['that is cut', har(entry('https://llm.example/x', { text: SECRET })).slice(0, -9), 'is no whole JSON'],
    ['without entries', '{"log":{}}', 'has no log.entries'],
  ])('%s is not read', async (_, saved, why) => {
    const { code, out, error } = await read(saved)
    expect({ code, out }).toEqual({ code: 1, out: '' })
    expect(error).toContain(why)
    expect(error).not.toContain(SECRET)
  })

  it('of which no entry is read ends with 1', async () => {
    const { code, error } = await read(
      har(entry('https://llm.example/app.css', { mimeType: 'text/css', text: 'p {}' })),
    )
    expect(code).toBe(1)
    expect(error).toContain('none of the responses')
  })
})

describe('a response that gives no count', () => {
  it('says what the reason means, and is an answer when a format knew it', async () => {
    const { code, out } = await read(sse({ ...CHAT, object: 'chat.completion.chunk', usage: null }, '[DONE]'))
    expect(code).toBe(0)
    expect(out).toMatch(/^unrecorded: no_usage\n.*include_usage/)
    expect(out).not.toContain(SECRET)
  })

  it.each([
    ['that was cut', BODY.slice(0, -20), 'unreadable_body'],
    ['of no known format', JSON.stringify({ story: SECRET }), 'no_usage'],
    ['that is no text', Buffer.from([0x89, 0x50, 0x4e, 0x47, 1, 2, 3, 4, 5, 6, 7, 8]), 'unreadable_body'],
    ['that is empty', '', 'no_usage'],
  ])('ends with 1, and says what was tried: %s', async (_, saved, reason) => {
    const { code, out, error } = await read(saved, '--header', 'content-type: application/json')
    expect(code).toBe(1)
    expect(out).toContain(`unrecorded: ${reason}`)
    expect(error).toContain('Tried: curl -i and curl -v output, HAR')
    expect(out + error).not.toContain(SECRET)
  })

  it('ends with 1 when it cannot be decoded', async () => {
    const { code, error } = await read(Buffer.concat([Buffer.from([0x1f, 0x8b]), Buffer.from(SECRET)]))
    expect(code).toBe(1)
    expect(error).toContain('begins as gzip, and cannot be decoded')
  })
})

describe('a stream of 30,000 events', () => {
  it('is read, and traced by its first and last events', async () => {
    const chunk = {
      object: 'chat.completion.chunk',
      id: 'c1',
      model: 'm-1',
      choices: [{ index: 0, delta: { content: SECRET } }],
    }
    const saved = sse(
      ...Array.from({ length: 30_000 }, () => chunk),
      { ...chunk, choices: [], usage: CHAT.usage },
      '[DONE]',
    )
    const { code, out } = await read(saved)
    expect({ code, input: said(out, 'inputTokens') }).toEqual({
      code: 0,
      input: '9 = usage.prompt_tokens 9 in event 30001',
    })
  })
})

describe('the command', () => {
  const main = path.resolve(import.meta.dirname, '../src/main.ts')
  const run = (...args: string[]) => spawnSync(process.execPath, [main, ...args], { encoding: 'utf8', input: BODY })

  function saved(body: string): string {
    const folder = mkdtempSync(path.join(tmpdir(), 'withusage-read-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const file = path.join(folder, 'saved.json')
    writeFileSync(file, body)
    return file
  }

  it('reads a file, or standard input', () => {
    const expected = { status: 0, stdout: expect.stringMatching(/^recorded\n/), stderr: '' }
    expect(run(saved(BODY))).toMatchObject(expected)
    expect(run('-')).toMatchObject(expected)
  })

  it.each([
    ['that is not there', '/nowhere/saved.json', '/nowhere/saved.json is not there: no file has this path.'],
    ['that is a folder', import.meta.dirname, `${import.meta.dirname} is a folder: name the file in it.`],
    ['under a file', `${import.meta.filename}/x`, `${import.meta.filename}/x is not there: something on its path is`],
    ['by its whole path', 'nowhere.json', `${path.resolve('nowhere.json')} is not there`],
  ])('ends with 1 and a sentence for a file %s', (_, file, sentence) => {
    const { status, stdout, stderr } = run(file)
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' })
    expect(stderr).toContain(`withusage read: ${sentence}`)
    expect(stderr).not.toMatch(/E[A-Z]{4,}|Tried/)
  })

  it.each([[[]], [['a', 'b']], [['--colour', 'a']], [['--header', 'nothing', 'a']]])(
    'ends with 2 when it is called as %j',
    (args) => {
      expect(run(...args)).toMatchObject({
        status: 2,
        stdout: '',
        stderr: expect.stringContaining('Usage: withusage read'),
      })
    },
  )
})
