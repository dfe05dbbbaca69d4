import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { type ClientHttp2Stream, connect, constants, createServer, type ServerHttp2Stream } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { createBooks } from '@withusage/testing'
import { describe, expect, it, onTestFinished } from 'vitest'
import { type NodeMiddleware, usage } from '../src/node.ts'
import { completion, EVENTS, type Handler } from './support/serve.ts'

const json = JSON.stringify(completion)

/** Serves a handler on HTTP/2, whose requests and responses look like those of `node:http`. */
async function listen(handler: Handler, metered: NodeMiddleware<never, never> = (_request, _response, next) => next()) {
  const server = createServer((request, response) =>
    metered(request as never, response as never, () => handler(request as never, response as never)),
  )
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const client = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  onTestFinished(() => {
    client.destroy()
    server.close()
  })
  return (): ClientHttp2Stream =>
    client.request({ ':method': 'POST', ':path': '/v1/chat/completions' }).on('error', () => {})
}

async function serve(handler: Handler) {
  const books = createBooks()
  const bare = await listen(handler)
  const metered = await listen(handler, usage({ recorder: books.recorder }) as NodeMiddleware<never, never>)
  return { ...books, bare, metered }
}

/** What a response on HTTP/2 is a face of. */
const streamOf = (response: ServerResponse) => (response as unknown as { stream: ServerHttp2Stream }).stream

async function whole(stream: ClientHttp2Stream) {
  const head = once(stream, 'response')
  const chunks: Buffer[] = []
  for await (const chunk of stream as AsyncIterable<Buffer>) chunks.push(chunk)
  const [{ date: _, ...headers }] = await head
  return { headers, body: Buffer.concat(chunks).toString() }
}

const typed = (response: ServerResponse, type = 'application/json'): ServerResponse => {
  response.setHeader('content-type', type)
  return response
}

const WAYS: Record<string, Handler> = {
  'end(text)': (_request, response) => typed(response).end(json),
  'end(bytes, callback)': (_request, response) => typed(response).end(Buffer.from(json), () => {}),
  'writeHead(status, headers)': (_request, response) =>
    response.writeHead(200, { 'content-type': 'application/json' }).end(json),
  'flushHeaders, writes': (_request, response) => {
    typed(response, 'text/event-stream').flushHeaders()
    for (const event of EVENTS) response.write(event)
    response.end()
  },
}

describe('On HTTP/2', () => {
  it.each(Object.keys(WAYS))('%s arrives as unwrapped, and is recorded once', async (way) => {
    const { bare, metered, settled, errors } = await serve(WAYS[way] as Handler)
    const expected = await whole(bare())
    expect(await whole(metered())).toEqual(expected)
    expect(await settled()).toMatchObject([{ inputTokens: 9, outputTokens: 5, outcome: 'complete', status: 200 }])
    expect(errors).toEqual([])
  })

  it('a client that resets its stream has left', async () => {
    const { metered, settled } = await serve((_request, response) => {
      typed(response, 'text/event-stream')
      for (const event of EVENTS.slice(0, 3)) response.write(event)
    })
    const stream = metered()
    await once(stream, 'data')
    stream.close(constants.NGHTTP2_CANCEL)
    expect(await settled()).toMatchObject([{ outcome: 'cancelled', inputTokens: 9 }])
  })

  it("what is written goes on without a client that resets its stream, by `onDisconnect: 'drain'`", async () => {
    const { recorder, settled } = createBooks()
    const metering = usage({ recorder, onDisconnect: 'drain' }) as NodeMiddleware<never, never>
    const open = await listen(async (_request, response) => {
      typed(response, 'text/event-stream').write(EVENTS[0])
      await once(streamOf(response), 'close')
      for (const event of EVENTS.slice(1)) if (!response.write(event)) await once(response, 'drain')
      response.end()
    }, metering)
    const stream = open()
    await once(stream, 'data')
    stream.close(constants.NGHTTP2_CANCEL)
    expect(await settled()).toMatchObject([{ outcome: 'cancelled', final: true, inputTokens: 9, outputTokens: 5 }])
    expect(recorder.stats().drains).toEqual({ running: 0, ended: { finished: 1 } })
  })

  it('a stream that the server breaks has failed', async () => {
    const { metered, settled, recorder } = await serve((_request, response) => {
      response.on('error', () => {})
      response.write('Hel')
      streamOf(response).destroy(new Error('the model is gone'))
    })
    const stream = metered()
    await new Promise((resolve) => stream.once('close', resolve))
    await settled()
    expect(recorder.stats()).toMatchObject({ unrecorded: { failed: 1 } })
  })

  it('what goes past the response is served, and counted', async () => {
    const { metered, settled, recorder } = await serve((_request, response) => {
      const stream = streamOf(response)
      stream.respond({ ':status': 200 })
      stream.end('Hello')
    })
    expect(await whole(metered())).toMatchObject({ body: 'Hello' })
    await settled()
    expect(recorder.stats()).toMatchObject({ requests: 1, unrecorded: { no_usage: 1 } })
  })
})
