import { createServer, type IncomingMessage, type RequestListener, request, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import express5 from 'express'
import express4 from 'express4'
import { onTestFinished } from 'vitest'

/** Both majors, typed as the later one: the tests use what they share. */
export const EXPRESS: readonly (readonly [name: string, express: typeof express5])[] = [
  ['Express 5', express5],
  ['Express 4', express4 as unknown as typeof express5],
]

/** Serves on a port of this machine until the test ends. */
export async function listen(listener: RequestListener): Promise<string> {
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

export interface Answer {
  status: number
  headers: NodeJS.Dict<string[]>
  body: string
}

/** One whole exchange, with nothing decoded and no header merged. */
export function send(url: string, { method = 'POST', headers = {}, body = '' } = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { method, headers }, (incoming) => {
      const chunks: Buffer[] = []
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
      incoming.on('error', reject)
      incoming.on('end', () =>
        resolve({
          status: incoming.statusCode ?? 0,
          headers: incoming.headersDistinct,
          body: Buffer.concat(chunks).toString('latin1'),
        }),
      )
    })
    outgoing.on('error', reject).end(body)
  })
}

/** Resolves with the response once its head is there; the caller reads it, or leaves. */
export function open(url: string, method = 'POST'): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request(url, { method }, (incoming) => {
      incoming.on('error', () => {})
      resolve(incoming)
    })
      .on('error', reject)
      .end()
  })
}

export const completion = {
  id: 'chatcmpl-1',
  object: 'chat.completion',
  model: 'qwen-7b',
  choices: [{ index: 0, message: { role: 'assistant', content: 'grüß dich' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 9, completion_tokens: 5, total_tokens: 14 },
}

const chunk = (fields: object): string =>
  `data: ${JSON.stringify({ id: 'chatcmpl-1', object: 'chat.completion.chunk', model: 'qwen-7b', ...fields })}\n\n`

/** A streamed completion: two words, the usage, the end mark. */
export const EVENTS: readonly string[] = [
  chunk({ choices: [{ index: 0, delta: { content: 'Hel' } }] }),
  chunk({ choices: [{ index: 0, delta: { content: 'lo' }, finish_reason: 'stop' }] }),
  chunk({ choices: [], usage: completion.usage }),
  'data: [DONE]\n\n',
]

export type Handler = (request: IncomingMessage, response: ServerResponse) => unknown
