import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Fetch, meteredFetch } from '../src/metered-fetch.ts'
import { bytesOf, chatCompletion, chatEvents, streamOf } from './support/bodies.ts'
import { CHAT_URL, type Metering, metering, post } from './support/metered.ts'
import { chunksOf, readerOf, settled } from './support/reading.ts'

const POST = { method: 'POST' }
const JSON_HEAD = { 'content-type': 'application/json' }
const SSE_HEAD = { 'content-type': 'text/event-stream' }
const COMPLETION = JSON.stringify(chatCompletion())

type Route = (request: IncomingMessage, response: ServerResponse) => unknown

const ROUTES: Record<string, Route> = {
  '/json': (_, response) =>
    response.writeHead(201, 'Made', { ...JSON_HEAD, 'set-cookie': ['a=1', 'b=2'] }).end(COMPLETION),
  '/gzip': (_, response) =>
    response.writeHead(200, { ...JSON_HEAD, 'content-encoding': 'gzip' }).end(gzipSync(COMPLETION)),
  '/sse': (_, response) => response.writeHead(200, SSE_HEAD).end(chatEvents().join('')),
  '/moved': (_, response) => response.writeHead(307, { location: '/json' }).end(),
  '/empty': (_, response) => response.writeHead(204).end(),
  '/busy': (_, response) => response.writeHead(429, { ...JSON_HEAD, 'retry-after': '0' }).end('{"error":{}}'),
  '/broken': (_, response) => {
    response.writeHead(200, SSE_HEAD).write(chatEvents()[0], () => response.destroy())
  },
  '/gone': (request) => request.socket.destroy(),
  '/open': (_, response) => {
    response.writeHead(200, SSE_HEAD).write(chatEvents()[0])
    opened?.(response)
  },
  async '/echo'(request, response) {
    response.writeHead(200, { 'content-type': 'text/plain' })
    for await (const chunk of request) response.write(chunk)
    response.end()
  },
}

let opened: ((response: ServerResponse) => void) | undefined
let origin: string

const server = createServer((request, response) => {
  const route = ROUTES[request.url ?? '']
  if (route) return void route(request, response)
  response.writeHead(404).end()
})

beforeAll(async () => {
  await once(server.listen(0, '127.0.0.1'), 'listening')
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})

afterAll(() => {
  server.closeAllConnections()
  server.close()
})

interface Way {
  /** A metered `fetch`, over another than the platform's if the test brings one. */
  over(send?: Fetch): Fetch
  /** Runs the program that makes the calls. */
  run<T>(program: () => Promise<T>): Promise<T>
}

/** Each way in which a call is metered. */
const WAYS: Record<string, (meter: Metering) => Way> = {
  'inside a request': (meter) => ({
    over: (send) => meteredFetch({ ...(send && { fetch: send }) }),
    async run<T>(program: () => Promise<T>) {
      let result: Promise<T> | undefined
      const handler = meter.wrap(async () => {
        result = program()
        await result.catch(() => {})
        return new Response(null, { status: 204 })
      })
      await handler(post())
      return result as Promise<T>
    },
  }),
  'outside any request': ({ recorder, errors }) => ({
    over: (send) =>
      meteredFetch({ recorder, onError: (error) => void errors.push(error), ...(send && { fetch: send }) }),
    run: (program) => program(),
  }),
}

/** Everything that a program can see of a response before it reads it. */
function headOf(response: Response) {
  const { status, statusText, ok, url, redirected, type, bodyUsed } = response
  const headers = [...response.headers].filter(([name]) => name !== 'date')
  return { status, statusText, ok, url, redirected, type, bodyUsed, headers, hasBody: response.body !== null }
}

async function failureOf(work: () => Promise<unknown>): Promise<unknown> {
  try {
    return { value: await work() }
  } catch (error) {
    const { name, message, cause } = error as Error
    return { name, message, cause: cause instanceof Error ? cause.message : cause }
  }
}

/** Programs that use a response in their own way, and what they saw. */
const PROGRAMS: Record<string, (call: Fetch) => Promise<unknown>> = {
  'reads JSON': async (call) => {
    const response = await call(`${origin}/json`, POST)
    const head = headOf(response)
    return { head, cookies: response.headers.getSetCookie(), body: await response.json(), used: response.bodyUsed }
  },
  'reads text': async (call) => (await call(new URL('/sse', origin), POST)).text(),
  'reads bytes': async (call) => (await call(`${origin}/sse`, POST)).bytes(),
  'reads an ArrayBuffer': async (call) => new Uint8Array(await (await call(`${origin}/json`, POST)).arrayBuffer()),
  'reads a blob': async (call) => {
    const blob = await (await call(`${origin}/json`, POST)).blob()
    return { type: blob.type, text: await blob.text() }
  },
  'gives a Request': async (call) => (await call(new Request(`${origin}/json`, POST))).json(),
  'follows a redirect': async (call) => {
    const response = await call(`${origin}/moved`, POST)
    return { head: headOf(response), body: await response.json() }
  },
  'follows no redirect': async (call) => headOf(await call(`${origin}/moved`, { ...POST, redirect: 'manual' })),
  'refuses a redirect': (call) => failureOf(() => call(`${origin}/moved`, { ...POST, redirect: 'error' })),
  'gets no body': async (call) => headOf(await call(`${origin}/empty`, POST)),
  'gets an error': async (call) => {
    const response = await call(`${origin}/busy`, POST)
    return { head: headOf(response), body: await response.text() }
  },
  'clones, and reads the clone first': async (call) => {
    const response = await call(`${origin}/json`, POST)
    const clone = response.clone()
    const second = clone.clone()
    return [
      headOf(clone),
      headOf(second),
      await clone.text(),
      response.bodyUsed,
      await response.text(),
      await second.text(),
    ]
  },
  'reads twice': async (call) => {
    const response = await call(`${origin}/json`, POST)
    await response.text()
    return failureOf(() => response.text())
  },
  'clones too late': async (call) => {
    const response = await call(`${origin}/json`, POST)
    await response.text()
    return failureOf(async () => response.clone())
  },
  'brings its own memory': async (call) => {
    const response = await call(`${origin}/sse`, POST)
    const reader = (response.body as ReadableStream<Uint8Array>).getReader({ mode: 'byob' })
    let text = ''
    for (;;) {
      const { done, value } = await reader.read(new Uint8Array(7))
      text += new TextDecoder().decode(value)
      if (done) return text
    }
  },
  'sends a body as it is made': async (call) => {
    const body = streamOf(['one ', 'two ', 'three'])
    return (await call(`${origin}/echo`, { ...POST, body, duplex: 'half' } as RequestInit)).text()
  },
  'finds no server': (call) => failureOf(() => call(`${origin}/gone`, POST)),
  'is cut off': (call) => failureOf(async () => (await call(`${origin}/broken`, POST)).text()),
  'gives no URL': (call) => failureOf(() => call('nowhere', POST)),
  'gives nothing': (call) => failureOf(() => (call as () => Promise<Response>)()),
  'has aborted before': (call) => failureOf(() => call(`${origin}/json`, { ...POST, signal: AbortSignal.abort('no') })),
  'aborts between two reads': async (call) => {
    const abort = new AbortController()
    const response = await call(`${origin}/open`, { ...POST, signal: abort.signal })
    const reader = (response.body as ReadableStream<Uint8Array>).getReader()
    const first = new TextDecoder().decode((await reader.read()).value)
    abort.abort(new Error('enough'))
    return [first, await failureOf(() => reader.read())]
  },
  'aborts while it waits': async (call) => {
    const abort = new AbortController()
    const response = await call(new Request(`${origin}/open`, { ...POST, signal: abort.signal }))
    const reader = (response.body as ReadableStream<Uint8Array>).getReader()
    await reader.read()
    const failure = failureOf(() => reader.read())
    abort.abort()
    return failure
  },
}

describe.each(Object.entries(WAYS))('%s', (_, way) => {
  it.each(Object.entries(PROGRAMS))('a program that %s sees what fetch gives', async (_, program) => {
    const meter = metering()
    const { over, run } = way(meter)
    const bare = await program(fetch)
    expect(await run(() => program(over()))).toEqual(bare)
    expect(meter.errors).toEqual([])
  })

  it('a body comes in the chunks of the provider, and is read the same however it is cut', async () => {
    const whole = Buffer.from(chatEvents(['Привет', '🙂']).join(''))
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: whole.length }), { maxLength: 8 }), async (cuts) => {
        const meter = metering()
        const { over, run } = way(meter)
        const places = [0, ...cuts.toSorted((a, b) => a - b), whole.length]
        const chunks = places.slice(1).map((end, index) => new Uint8Array(whole.subarray(places[index], end)))
        const given = chunks.filter(({ length }) => length > 0)
        const call = over(async () => new Response(streamOf(given), { headers: SSE_HEAD }))
        expect(await run(async () => chunksOf(await call(CHAT_URL, POST)))).toEqual(given)
        expect(await meter.record()).toMatchObject({ evidence: 'upstream', inputTokens: 9, outputTokens: 5 })
      }),
      { numRuns: 40 },
    )
  })

  it('nothing is read before the program asks, and a cancel reaches the provider with its reason', async () => {
    const meter = metering()
    const { over, run } = way(meter)
    const seen: unknown[] = []
    const body = new ReadableStream<Uint8Array>(
      {
        pull(controller) {
          seen.push('pull')
          controller.enqueue(bytesOf(chatEvents()[0] as string))
        },
        cancel: (reason) => void seen.push(reason),
      },
      { highWaterMark: 0 },
    )
    const call = over(async () => new Response(body, { headers: SSE_HEAD }))
    await run(async () => {
      const response = await call(CHAT_URL, POST)
      await settled()
      expect(seen).toEqual([])
      const reader = readerOf(response)
      await reader.read()
      await settled()
      expect(seen).toEqual(['pull'])
      await reader.cancel('enough')
    })
    expect(seen).toEqual(['pull', 'enough'])
  })

  it('a compressed body loses the headers that are no longer true of it, and no others', async () => {
    const meter = metering()
    const { over, run } = way(meter)
    const response = await run(async () => {
      const fetched = await over()(`${origin}/gzip`, POST)
      return {
        body: await fetched.json(),
        coding: fetched.headers.get('content-encoding'),
        type: fetched.headers.get('content-type'),
      }
    })
    expect(response).toEqual({ body: chatCompletion(), coding: null, type: 'application/json' })
    expect(await meter.record()).toMatchObject({ inputTokens: 9, outputTokens: 5 })
  })
})
