import type { AddressInfo } from 'node:net'
import { type ServerType, serve } from '@hono/node-server'
import type { Hono } from 'hono'
import { onTestFinished } from 'vitest'

/** Serves an app on a port of this machine until the test ends. */
export async function listen(app: Hono<never> | Hono): Promise<string> {
  const server = await new Promise<ServerType>((resolve) => {
    const started: ServerType = serve({ fetch: app.fetch as Hono['fetch'], hostname: '127.0.0.1', port: 0 }, () =>
      resolve(started),
    )
  })
  onTestFinished(() => {
    if ('closeAllConnections' in server) server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

export const chatCompletion = {
  id: 'chatcmpl-1',
  object: 'chat.completion',
  model: 'qwen-7b',
  choices: [{ index: 0, message: { role: 'assistant', content: 'hi' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 9, completion_tokens: 5, total_tokens: 14 },
}

export const chatChunk = (content: string) => ({
  id: 'chatcmpl-1',
  object: 'chat.completion.chunk',
  model: 'qwen-7b',
  choices: [{ index: 0, delta: { content }, finish_reason: null }],
})

export const usageChunk = { ...chatChunk(''), choices: [], usage: chatCompletion.usage }
