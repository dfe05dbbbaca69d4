import { expectAccounted } from '@withusage/testing'
import { describe, expect, it, vi } from 'vitest'
import { addUsage, stampUsage } from '../src/context.ts'
import { createRecorder, type RecorderStats } from '../src/recorder.ts'
import { memoryStore } from '../src/stores/memory.ts'
import { withUsage } from '../src/with-usage.ts'
import { chatCompletion, json, sse, streamOf } from './support/bodies.ts'
import { ALWAYS, type Metering, metering, post } from './support/metered.ts'

const USAGE = { model: 'qwen-7b', inputTokens: 9, outputTokens: 5 }

type Accounted = Partial<Pick<RecorderStats, 'recorded' | 'unrecorded' | 'ignored'>>

/** How everything that happened was accounted for, once it is stored. */
async function account({ recorder }: Metering): Promise<Accounted> {
  await recorder.flush()
  const { recorded, unrecorded, ignored } = recorder.stats()
  return {
    ...(recorded > 0 && { recorded }),
    ...(Object.keys(unrecorded).length > 0 && { unrecorded }),
    ...(Object.keys(ignored).length > 0 && { ignored }),
  }
}

describe('Evidence of usage is a record, whatever came back', () => {
  it.each([200, 302, 404, 429, 500])('with status %i', async (status) => {
    const meter = metering()
    const response = json({ error: 'filtered' }, { status })
    const handler = meter.wrap(() => {
      stampUsage(USAGE)
      return response
    })
    expect(await handler(post())).toBe(response)
    expect(await meter.record()).toMatchObject({ status, evidence: 'stamp', inputTokens: 9, outcome: 'complete' })
  })

  it('when the handler threw', async () => {
    const meter = metering()
    const failure = new Error('after the model call')
    const handler = meter.wrap(() => {
      stampUsage(USAGE)
      throw failure
    })
    await expect(handler(post())).rejects.toBe(failure)
    expect(await meter.record()).toMatchObject({ status: 0, evidence: 'stamp', outcome: 'failed' })
  })

  it('when the stream broke', async () => {
    const meter = metering()
    const pull = (): void => {
      stampUsage(USAGE)
      throw new Error('upstream closed')
    }
    const response = await meter.wrap(() => new Response(new ReadableStream({ pull })))(post())
    await expect(response.text()).rejects.toThrow('upstream closed')
    expect(await meter.record()).toMatchObject({ status: 200, evidence: 'stamp', outcome: 'failed' })
  })

  it.each(['GET', 'DELETE'])('also for %s', async (method) => {
    const meter = metering()
    await (await meter.wrap(() => json(chatCompletion()))(post(undefined, { method }))).text()
    expect(await meter.record()).toMatchObject({ evidence: 'body', inputTokens: 9, outputTokens: 5 })
  })

  it('when token counting was stamped', async () => {
    const meter = metering()
    const handler = meter.wrap(() => {
      stampUsage(USAGE)
      return json({ input_tokens: 9 })
    })
    await handler(post('https://llm.test/v1/messages/count_tokens'))
    expect(await account(meter)).toEqual({ recorded: 1 })
  })
})

describe('A success without evidence is unrecorded', () => {
  it.each([
    ['JSON without usage', () => json({ id: 'x' }), 'no_usage'],
    ['a stream without usage', () => sse(['data: {"choices":[]}\n\n', 'data: [DONE]\n\n']), 'no_usage'],
    ['text', () => new Response('Hello'), 'no_usage'],
    ['an image', () => new Response('png', { headers: { 'content-type': 'image/png' } }), 'no_usage'],
    [
      'JSON that is cut',
      () => new Response('{"usage":', { headers: { 'content-type': 'application/json' } }),
      'unreadable_body',
    ],
  ] as const)('%s', async (_, answer, reason) => {
    const meter = metering()
    await (await meter.wrap(answer)(post())).text()
    expect(await account(meter)).toEqual({ unrecorded: { [reason]: 1 } })
  })
})

describe('A failure or a redirect without evidence is ignored, and its body not read', () => {
  it.each([
    [301, 'status_3xx'],
    [400, 'status_4xx'],
    [429, 'status_4xx'],
    [500, 'status_5xx'],
    [503, 'status_5xx'],
  ] as const)('status %i is %s', async (status, reason) => {
    const meter = metering()
    let pulls = 0
    const body = new ReadableStream({ pull: () => void pulls++ }, { highWaterMark: 0 })
    const response = new Response(body, { status, headers: { 'content-type': 'application/json' } })
    expect(await meter.wrap(() => response)(post())).toBe(response)
    expect(pulls).toBe(0)
    expect(await account(meter)).toEqual({ ignored: { [reason]: 1 } })
  })

  it('a redirect that a handler returns goes back as it is', async () => {
    const meter = metering()
    const response = Response.redirect('https://llm.test/login', 307)
    expect(await meter.wrap(() => response)(post())).toBe(response)
    expect(await account(meter)).toEqual({ ignored: { status_3xx: 1 } })
  })

  it('what a handler throws is rethrown untouched: an error', async () => {
    const meter = metering()
    const failure = new Error('no such model')
    await expect(meter.wrap(() => Promise.reject(failure))(post())).rejects.toBe(failure)
    expect(await account(meter)).toEqual({ ignored: { handler_error: 1 } })
  })

  it("what a handler throws is rethrown untouched: a framework's control-flow signal", async () => {
    const meter = metering()
    const signal = Object.freeze({ digest: 'NEXT_REDIRECT;replace;/login;307;' })
    const handler = meter.wrap(() => {
      throw signal
    })
    await expect(handler(post())).rejects.toBe(signal)
    expect(await account(meter)).toEqual({ ignored: { handler_error: 1 } })
  })
})

describe('What cannot be inference is ignored', () => {
  /** A response as some runtimes make it and no constructor here does. */
  function withFields(fields: Record<string, unknown>, body: BodyInit | null = null): Response {
    const response = new Response(body)
    for (const [name, value] of Object.entries(fields)) Object.defineProperty(response, name, { value })
    return response
  }

  it.each<[what: string, response: Response]>([
    ['101', withFields({ status: 101 })],
    ['204', new Response(null, { status: 204 })],
    ['304', new Response(null, { status: 304 })],
    ['status 0', Response.error()],
    ['a null body', new Response(null)],
    ['an upgrade', withFields({ status: 101, webSocket: {} }, 'unread')],
    ['an upgrade that says 200', withFields({ webSocket: {} }, 'unread')],
    ['no response at all, as after an upgrade on Bun', undefined as unknown as Response],
  ])('%s goes back as it is', async (_, response) => {
    const meter = metering()
    expect(await meter.wrap(() => response)(post())).toBe(response)
    expect(await account(meter)).toEqual({ ignored: { not_inference: 1 } })
  })

  it.each(['HEAD', 'OPTIONS'])('%s goes back as it is', async (method) => {
    const meter = metering()
    const response = new Response('unread')
    expect(await meter.wrap(() => response)(post(undefined, { method }))).toBe(response)
    expect(await account(meter)).toEqual({ ignored: { not_inference: 1 } })
  })

  it.each(['GET', 'DELETE'])('%s without usage', async (method) => {
    const meter = metering()
    const response = await meter.wrap(() => json({ object: 'list', data: [] }))(post(undefined, { method }))
    expect(await response.json()).toEqual({ object: 'list', data: [] })
    expect(await account(meter)).toEqual({ ignored: { not_inference: 1 } })
  })

  it.each([
    ['/v1/messages/count_tokens', { input_tokens: 2095 }],
    ['/v1/responses/input_tokens', { object: 'response.input_tokens', input_tokens: 11 }],
    ['/v1beta/models/gemini-2.5-flash:countTokens', { totalTokens: 31 }],
    ['/v1/publishers/google/models/gemini-2.5-flash:computeTokens', { tokensInfo: [{ tokenIds: ['1'] }] }],
    ['/v1/publishers/anthropic/models/count-tokens:rawPredict', { input_tokens: 31 }],
    ['/v1/tokenize', { tokens: [101, 102], meta: { api_version: { version: '1' } } }],
  ])('token counting at %s', async (path, body) => {
    const meter = metering()
    await (await meter.wrap(() => json(body))(post(`https://llm.test${path}`))).json()
    expect(await account(meter)).toEqual({ ignored: { not_inference: 1 } })
  })

  it('a webSocket field that is empty is no upgrade', async () => {
    for (const webSocket of [null, undefined]) {
      const meter = metering()
      const response = withFields({ webSocket }, JSON.stringify(chatCompletion()))
      response.headers.set('content-type', 'application/json')
      await (await meter.wrap(() => response)(post())).json()
      expect(await account(meter)).toEqual({ recorded: 1 })
    }
  })
})

describe('What goes back as the same object', () => {
  it('a JSON response that was stamped before it was returned', async () => {
    const meter = metering()
    const response = json(chatCompletion())
    const handler = meter.wrap(() => {
      stampUsage({ model: 'qwen-7b', inputTokens: 1, outputTokens: 2 })
      return response
    })
    expect(await handler(post())).toBe(response)
    expect(await response.json()).toEqual(chatCompletion())
    expect(await meter.record()).toMatchObject({ evidence: 'stamp', inputTokens: 1, outputTokens: 2 })
  })

  it.each<[what: string, stamp: boolean, status: number, method: string]>([
    ['of an error', false, 404, 'POST'],
    ['of a JSON response that was stamped', true, 200, 'POST'],
    ['of an answer to OPTIONS', false, 200, 'OPTIONS'],
  ])('with its body not even looked at: %s', async (_, stamp, status, method) => {
    const meter = metering()
    const response = json(chatCompletion(), { status })
    const look = vi.fn()
    Object.defineProperty(response, 'body', { get: look })
    const handler = meter.wrap(() => {
      if (stamp) stampUsage({ model: 'qwen-7b', inputTokens: 1, outputTokens: 2 })
      return response
    })
    expect(await handler(post(undefined, { method }))).toBe(response)
    expect(look).not.toHaveBeenCalled()
  })

  it('not a stamped stream: a stamp may still come', async () => {
    const meter = metering()
    const response = new Response(streamOf(['data: {}\n\n']), { headers: { 'content-type': 'text/event-stream' } })
    const handler = meter.wrap(() => {
      stampUsage({ model: 'qwen-7b', inputTokens: 1 })
      return response
    })
    const metered = await handler(post())
    expect(metered).not.toBe(response)
    expect(await metered.text()).toBe('data: {}\n\n')
  })

  it('every response with recorder: null', async () => {
    const { wrap } = metering()
    const response = sse([])
    const handler = wrap(
      () => {
        stampUsage(USAGE)
        return response
      },
      { recorder: null },
    )
    expect(await handler(post())).toBe(response)
  })
})

describe('A run of an assistant', () => {
  const RUN = {
    id: 'run_123',
    object: 'thread.run',
    created_at: 1_760_000_000,
    status: 'completed',
    model: 'gpt-4o-mini',
    usage: { prompt_tokens: 381, completion_tokens: 88, total_tokens: 469 },
  }

  it('is recorded once, streamed to its end and then fetched', async () => {
    const meter = metering()
    const events = [
      `event: thread.run.created\ndata: ${JSON.stringify({ ...RUN, status: 'queued', usage: null })}\n\n`,
      `event: thread.run.completed\ndata: ${JSON.stringify(RUN)}\n\nevent: done\ndata: [DONE]\n\n`,
    ]
    const stream = () => new Response(streamOf(events), { headers: { 'content-type': 'text/event-stream' } })
    await (await meter.wrap(stream)(post('https://llm.test/v1/threads/thread_1/runs'))).text()
    await meter.recorder.flush()
    const fetched = post('https://llm.test/v1/threads/thread_1/runs/run_123', { method: 'GET' })
    await (await meter.wrap(() => json(RUN))(fetched)).text()
    expect(await account(meter)).toEqual({ recorded: 1, ignored: { duplicate: 1 } })
    expect(await meter.record()).toMatchObject({ inputTokens: 381, outputTokens: 88, responseId: 'run_123' })
  })

  it.each([
    ['a thread', { object: 'thread', id: 'thread_1' }],
    ['a message', { object: 'thread.message', id: 'msg_1', role: 'user', content: [] }],
  ])('is not made by storing %s', async (_, body) => {
    const meter = metering()
    await (await meter.wrap(() => json(body))(post('https://llm.test/v1/threads'))).text()
    expect(await account(meter)).toEqual({ ignored: { not_inference: 1 } })
  })

  it('may be lost in a stream that began with its thread', async () => {
    const meter = metering()
    const events = [`event: thread.created\ndata: ${JSON.stringify({ object: 'thread', id: 'thread_1' })}\n\n`]
    const stream = () => new Response(streamOf(events), { headers: { 'content-type': 'text/event-stream' } })
    await (await meter.wrap(stream)(post('https://llm.test/v1/threads/runs'))).text()
    expect(await account(meter)).toEqual({ unrecorded: { no_usage: 1 } })
  })

  it('bills nothing where runs are listed', async () => {
    const meter = metering()
    const listed = post('https://llm.test/v1/threads/thread_1/runs', { method: 'GET' })
    await (await meter.wrap(() => json({ object: 'list', data: [RUN, RUN] }))(listed)).text()
    expect(await account(meter)).toEqual({ ignored: { not_inference: 1 } })
  })
})

describe('A Responses object made in the background', () => {
  const URL = 'https://llm.test/v1/responses'
  const FINISHED = {
    id: 'resp_123',
    object: 'response',
    created_at: 1_760_000_000,
    status: 'completed',
    background: true,
    model: 'gpt-5',
    output: [],
    usage: { input_tokens: 20, output_tokens: 30, total_tokens: 50 },
  }
  const QUEUED = { ...FINISHED, status: 'queued', usage: null }

  async function send({ wrap }: Metering, method: string, body: unknown): Promise<void> {
    const url = method === 'GET' ? `${URL}/resp_123` : URL
    await (await wrap(() => json(body))(post(url, { method }))).text()
  }

  it('is deferred when it is created, and once more while it runs', async () => {
    const meter = metering()
    await send(meter, 'POST', QUEUED)
    await send(meter, 'GET', { ...QUEUED, status: 'in_progress' })
    expect(await account(meter)).toEqual({ ignored: { deferred: 2 } })
  })

  it('is deferred while it runs even if its body holds counts', async () => {
    const meter = metering()
    await send(meter, 'GET', { ...FINISHED, status: 'in_progress' })
    expect(await account(meter)).toEqual({ ignored: { deferred: 1 } })
  })

  it('is recorded once when it is finished, and a duplicate when it is fetched again', async () => {
    const meter = metering()
    await send(meter, 'POST', QUEUED)
    await send(meter, 'GET', FINISHED)
    await meter.recorder.flush()
    await send(meter, 'GET', FINISHED)
    expect(await account(meter)).toEqual({ recorded: 1, ignored: { deferred: 1, duplicate: 1 } })
    expect(await meter.record()).toMatchObject({
      inputTokens: 20,
      outputTokens: 30,
      responseId: 'resp_123',
      createdAt: new Date(1_760_000_000_000),
    })
  })

  it('is one record from two instances that share a store', async () => {
    const store = memoryStore()
    const instances = [createRecorder({ store }), createRecorder({ store })]
    for (const recorder of instances) {
      const handler = withUsage(() => json(FINISHED), { recorder })
      await (await handler(post(`${URL}/resp_123`, { method: 'GET' }))).text()
      await recorder.flush()
      expectAccounted(recorder)
    }
    const [first, second] = instances.map((recorder) => recorder.stats())
    expect(first).toMatchObject({ recorded: 1, ignored: {} })
    expect(second).toMatchObject({ recorded: 0, ignored: { duplicate: 1 } })
    expect((await store.records(ALWAYS)).records).toHaveLength(1)
  })

  it('is no inference when it was not made in the background and is fetched again', async () => {
    const meter = metering()
    const stored = { ...FINISHED, background: false }
    await send(meter, 'POST', stored)
    await send(meter, 'GET', stored)
    expect(await account(meter)).toEqual({ recorded: 1, ignored: { not_inference: 1 } })
  })

  it('is no inference when a stored one is updated', async () => {
    const meter = metering()
    const update = meter.wrap(() => json({ ...FINISHED, background: false }))
    await (await update(post(`${URL}/resp_123`))).text()
    expect(await account(meter)).toEqual({ ignored: { not_inference: 1 } })
  })

  it.each([undefined, 1_760_000_000_000, 9e15, -1, '2026'])(
    'is one record when it was made at %s',
    async (created_at) => {
      const meter = metering()
      for (let fetch = 0; fetch < 2; fetch++) await send(meter, 'GET', { ...FINISHED, created_at })
      expect(await account(meter)).toEqual({ recorded: 1, ignored: { duplicate: 1 } })
      expect((await meter.record()).createdAt.getUTCFullYear()).toBe(new Date().getUTCFullYear())
    },
  )

  it('is paid for once, whatever else its creation used', async () => {
    const meter = metering()
    const create = meter.wrap(() => {
      addUsage({ model: 'guard', inputTokens: 7, outputTokens: 1 })
      return json(QUEUED)
    })
    await (await create(post(URL))).text()
    await send(meter, 'GET', FINISHED)
    expect(await account(meter)).toEqual({ recorded: 2 })
    expect((await meter.records()).map(({ evidence, inputTokens }) => [evidence, inputTokens]).toSorted()).toEqual([
      ['body', 20],
      ['stamp', 7],
    ])
  })

  it('is not billed again with what was added while a stored one was fetched', async () => {
    const meter = metering()
    const fetchAgain = meter.wrap(() => {
      addUsage({ model: 'guard', inputTokens: 7, outputTokens: 1 })
      return json({ ...FINISHED, background: false })
    })
    await (await fetchAgain(post(`${URL}/resp_123`, { method: 'GET' }))).text()
    expect(await meter.record()).toMatchObject({ evidence: 'stamp', inputTokens: 7, line: 0 })
  })
})

it('a response of a class with a name of its own is read like any other', async () => {
  class OwnResponse extends Response {
    get [Symbol.toStringTag](): string {
      return 'OwnResponse'
    }
  }
  const { wrap, record } = metering()
  const respond = () =>
    new OwnResponse(JSON.stringify(chatCompletion()), { headers: { 'content-type': 'application/json' } })
  await (await wrap(respond)(post())).text()
  expect(await record()).toMatchObject({ inputTokens: 9, outputTokens: 5 })
})
