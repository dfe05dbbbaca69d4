import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'

interface ChatRequest {
  model: string
  messages: { content: string }[]
  stream_options?: { include_usage: boolean }
}

const usage = (tokens: number) => ({ prompt_tokens: 11, completion_tokens: tokens, total_tokens: 11 + tokens })

/** In the place of OpenAI: streams `Hello!`; when it is told to go on, it counts so far and does not end. */
export async function startUpstream() {
  const left = Promise.withResolvers<void>()
  const server = createServer(async (request, response) => {
    const { model, messages, stream_options } = (await json(request)) as ChatRequest
    const say = (fields: object) =>
      response.write(
        `data: ${JSON.stringify({ id: 'chatcmpl-1', object: 'chat.completion.chunk', model, ...fields })}\n\n`,
      )

    response.writeHead(200, { 'content-type': 'text/event-stream' })
    if (messages.at(-1)?.content === 'go on') {
      response.once('close', left.resolve)
      say({ choices: [{ index: 0, delta: { content: 'On' } }], usage: usage(1) })
      return
    }
    for (const content of ['Hel', 'lo!']) say({ choices: [{ index: 0, delta: { content } }] })
    if (stream_options?.include_usage) say({ choices: [], usage: usage(2) })
    response.end('data: [DONE]\n\n')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    /** Resolves when the client of a stream that goes on has left. */
    left: left.promise,
    close() {
      server.closeAllConnections()
      server.close()
    },
  }
}
