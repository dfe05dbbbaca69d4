import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { PROGRAM_NAMES } from '../servers/upstream.ts'
import { type Program, type Runtime, startProgram } from './support/program.ts'

const COMPLETION = JSON.stringify({
  id: 'chatcmpl-1',
  object: 'chat.completion',
  model: 'qwen-7b',
  choices: [],
  usage: { prompt_tokens: 9, completion_tokens: 5, total_tokens: 14 },
})
const event = (data: object): string => `data: ${JSON.stringify({ object: 'chat.completion.chunk', ...data })}\n\n`
const EVENTS = [
  event({ model: 'qwen-7b', choices: [{ index: 0, delta: { content: 'Привет 🙂' } }] }),
  event({ model: 'qwen-7b', choices: [], usage: { prompt_tokens: 9, completion_tokens: 5, total_tokens: 14 } }),
  'data: [DONE]\n\n',
]
const JSON_HEAD = { 'content-type': 'application/json' }
const SSE_HEAD = { 'content-type': 'text/event-stream' }

let left: PromiseWithResolvers<void>

/** A provider, and what it does at each path. */
const ROUTES: Record<string, (response: ServerResponse, request: IncomingMessage) => unknown> = {
  '/json': (response) => response.writeHead(200, JSON_HEAD).end(COMPLETION),
  '/gzip': (response) =>
    response.writeHead(200, { ...JSON_HEAD, 'content-encoding': 'gzip' }).end(gzipSync(COMPLETION)),
  '/moved': (response) => response.writeHead(307, { location: '/json' }).end(),
  '/busy': (response) => response.writeHead(429, JSON_HEAD).end('{"error":{}}'),
  async '/sse'(response) {
    response.writeHead(200, SSE_HEAD)
    for (const one of EVENTS) await new Promise((resolve) => response.write(one, resolve))
    response.end()
  },
  '/open'(response) {
    response.on('close', () => left.resolve())
    response.writeHead(200, SSE_HEAD).write(EVENTS[0])
  },
  async '/echo'(response, request) {
    response.writeHead(200, { 'content-type': 'text/plain' })
    for await (const chunk of request) response.write(chunk)
    response.end()
  },
}

const provider = createServer((request, response) => void ROUTES[request.url ?? '']?.(response, request))
let origin: string

beforeAll(async () => {
  await once(provider.listen(0, '127.0.0.1'), 'listening')
  origin = `http://127.0.0.1:${(provider.address() as AddressInfo).port}`
})

afterAll(() => {
  provider.closeAllConnections()
  provider.close()
})

/** The line of each program that is paid for; the others are errors, no inference, or were left before a count came. */
const PAID = ['whole', 'compressed', 'stream', 'redirected', 'cloned']

describe.each<Runtime>(['node', 'deno', 'bun'])('meteredFetch on %s', (runtime) => {
  let program: Program

  beforeAll(async () => {
    program = await startProgram(runtime, `${runtime}-upstream.ts`)
  })
  afterAll(() => program?.stop())

  async function seen(way: string, name: string): Promise<unknown> {
    left = Promise.withResolvers()
    const url = `${program.url}/${way}/${name}?provider=${encodeURIComponent(origin)}`
    const answer = await (await fetch(url, { method: 'POST' })).json()
    if (name === 'aborting') await left.promise
    return answer
  }

  it.each(PROGRAM_NAMES)('a program (%s) sees what fetch gives', async (name) => {
    const bare = await seen('bare', name)
    expect(bare).not.toBeNull()
    expect(await seen('outside', name)).toEqual(bare)
    expect(await seen('inside', name)).toEqual(bare)
  })

  it('each call that was paid for is a line, and every request is accounted for', async () => {
    const books = async () => (await fetch(`${program.url}/books`)).json()
    const calls = PROGRAM_NAMES.length
    await expect.poll(books).toMatchObject({
      requests: calls * 2,
      recorded: PAID.length * 2,
      ignored: { status_4xx: 1 },
      inFlight: 0,
      lines: Array.from({ length: PAID.length * 2 }, () => ['upstream', 9, 5]),
    })
  })

  it('nothing is printed', () => expect(program.complaints()).toBe(''))
})
