import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { gzipSync } from 'node:zlib'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { configureUsage } from '../src/configuration.ts'
import { addUsage, currentUsage, stampUsage } from '../src/context.ts'
import { NO_COUNTS } from '../src/formats/accounting.ts'
import type { Format } from '../src/formats/format.ts'
import { type Fetch, type MeteredFetchOptions, meteredFetch } from '../src/metered-fetch.ts'
import { processState } from '../src/process.ts'
import { createRecorder } from '../src/recorder.ts'
import { memoryStore } from '../src/stores/memory.ts'
import type { UpstreamCall } from '../src/upstream.ts'
import { withUsage } from '../src/with-usage.ts'
import { bytesOf, chatCompletion, chatEvents, json, sse, sseEvent, streamOf } from './support/bodies.ts'
import { ALWAYS, CHAT_URL, type Metering, metering, post } from './support/metered.ts'
import { readerOf, settled } from './support/reading.ts'

const POST = { method: 'POST' }

afterEach(() => {
  processState().configuration = null
})

/** A provider that gives these answers, one a call. */
function provider(...answers: readonly (() => Response)[]): Fetch {
  const left = [...answers]
  return async () => (left.shift() as () => Response)()
}

const NO_FORMAT: Format = {
  name: 'none',
  operation: null,
  matches: () => false,
  start: () => null,
  read: () => null,
  finish: () => ({ model: null, responseId: null, lines: [], raw: null }),
}

const chat = (fields?: Record<string, unknown>) => (): Response => json(chatCompletion(fields))
const chatStream = (): Response => sse(chatEvents())

/** A call outside any request. */
function outside(meter: Metering, options: MeteredFetchOptions): Fetch {
  return meteredFetch({ recorder: meter.recorder, onError: (error) => void meter.errors.push(error), ...options })
}

/** Serves one request with a program, whose answer holds no usage. */
async function serve(meter: Metering, program: () => Promise<unknown>, url = 'https://app.test/answer'): Promise<void> {
  const handler = meter.wrap(async () => {
    await program()
    return new Response('done')
  })
  await (await handler(post(url))).text()
}

const read = async (response: Promise<Response>): Promise<string> => (await response).text()

describe('Inside a metered request', () => {
  it('each call is a line, in the order in which the calls began', async () => {
    const meter = metering()
    const call = meteredFetch({ fetch: provider(chat({ id: 'a', model: 'first' }), chatStream) })
    await serve(meter, async () => {
      const [first, second] = [call(CHAT_URL, POST), call(CHAT_URL, POST)]
      await read(second)
      await read(first)
    })
    expect(await meter.records()).toMatchObject([
      { line: 0, evidence: 'upstream', servedModel: 'first', inputTokens: 9, outputTokens: 5, responseId: 'a' },
      { line: 1, evidence: 'upstream', servedModel: 'qwen-7b', inputTokens: 9, outputTokens: 5, final: true },
    ])
  })

  it('each line says what its own call said, and the rest is of the request', async () => {
    const meter = metering()
    const message = { id: 'msg_1', type: 'message', role: 'assistant', model: 'claude', content: [] }
    const usage = { input_tokens: 3, output_tokens: 4 }
    const call = meteredFetch({ fetch: provider(chat(), () => json({ ...message, usage })) })
    await serve(meter, async () => {
      await read(call(CHAT_URL, { ...POST, body: JSON.stringify({ model: 'qwen' }) }))
      await read(call('https://llm.test/v1/messages', POST))
      stampUsage({ tags: { team: 'blue' } })
    })
    const shared = { endpoint: 'other', status: 200, outcome: 'complete', tags: { team: 'blue' } }
    expect(await meter.records()).toMatchObject([
      { ...shared, format: 'openai-chat', requestedModel: 'qwen', responseId: 'chatcmpl-1', raw: { prompt_tokens: 9 } },
      { ...shared, format: 'anthropic-messages', requestedModel: null, responseId: 'msg_1', raw: { input_tokens: 3 } },
    ])
  })

  it('a response that is passed through is counted once', async () => {
    const meter = metering()
    const call = meteredFetch({ fetch: provider(chatStream) })
    const handler = meter.wrap(() => call(CHAT_URL, POST))
    expect(await (await handler(post())).text()).toBe(chatEvents().join(''))
    expect(await meter.record()).toMatchObject({ evidence: 'upstream', inputTokens: 9, outputTokens: 5, final: true })
  })

  it.each<[how: string, pass: (response: Response) => Response]>([
    ['as it is', (response) => response],
    [
      'in a response of its own',
      ({ body }) => new Response(body, { headers: { 'content-type': 'text/event-stream' } }),
    ],
  ])('a body that is passed through %s is read once, whatever it tells', async (_, pass) => {
    const meter = metering()
    // Asked once by each meter that reads an event.
    const matches = vi.fn(() => false)
    const formats = [{ ...NO_FORMAT, matches }]
    const call = meteredFetch({ formats, fetch: provider(chatStream, () => json({ nothing: 1 })) })
    const handler = meter.wrap(async () => pass(await call(CHAT_URL, POST)), { formats })
    expect(await (await handler(post())).text()).toBe(chatEvents().join(''))
    expect(matches).toHaveBeenCalledOnce()
    await (await handler(post())).text()
    expect(matches).toHaveBeenCalledTimes(2)
    expect(await meter.record()).toMatchObject({ evidence: 'upstream', inputTokens: 9, outputTokens: 5, final: true })
    expect(meter.recorder.stats().unrecorded).toEqual({ no_usage: 1 })
  })

  it('a response that tells of its usage in words of its own is counted by its upstream calls', async () => {
    const meter = metering()
    const call = meteredFetch({ fetch: provider(chat()) })
    const handler = meter.wrap(async () => {
      await read(call(CHAT_URL, POST))
      return json(chatCompletion({ usage: { prompt_tokens: 100, completion_tokens: 100, total_tokens: 200 } }))
    })
    await (await handler(post())).text()
    expect(await meter.record()).toMatchObject({ evidence: 'upstream', inputTokens: 9, outputTokens: 5 })
  })

  it('a stamp wins, and what is added is always additional', async () => {
    const meter = metering()
    const call = meteredFetch({ fetch: provider(chat(), chat()) })
    const program = async (): Promise<void> => {
      await read(call(CHAT_URL, POST))
      addUsage({ inputTokens: 7 })
    }
    await serve(meter, program)
    await serve(meter, async () => {
      await program()
      stampUsage({ inputTokens: 1, outputTokens: 2 })
    })
    expect((await meter.records()).map(({ evidence, inputTokens }) => [evidence, inputTokens])).toEqual([
      ['upstream', 9],
      ['stamp', 7],
      ['stamp', 1],
      ['stamp', 7],
    ])
  })

  it('what was paid for counts also when the handler throws', async () => {
    const meter = metering()
    const call = meteredFetch({ fetch: provider(chat()) })
    const handler = meter.wrap(
      async () => {
        await read(call(CHAT_URL, POST))
        throw new Error('later')
      },
      { identify: () => ({ user: { id: 'ada' } }) },
    )
    await expect(handler(post())).rejects.toThrow('later')
    expect(await meter.record()).toMatchObject({ outcome: 'failed', userId: 'ada', inputTokens: 9, final: true })
  })

  it('of retries those count that were paid for', async () => {
    const meter = metering()
    const failing = (status: number) => (): Response => json({ error: {} }, { status })
    const call = meteredFetch({ fetch: provider(failing(429), failing(500), chat()) })
    await serve(meter, async () => {
      while (!(await call(CHAT_URL, POST)).ok);
    })
    // The last response was never read.
    expect((await meter.recorder.stats()).unrecorded).toEqual({ no_usage: 1 })
    const again = meteredFetch({ fetch: provider(failing(429), failing(500), chat()) })
    await serve(meter, async () => {
      for (;;) {
        const response = await again(CHAT_URL, POST)
        await response.text()
        if (response.ok) return
      }
    })
    expect(await meter.record()).toMatchObject({ line: 0, inputTokens: 9, outputTokens: 5 })
  })

  it.each<[what: string, answer: () => Response, program: (call: Promise<Response>) => Promise<unknown>, said: object]>(
    [
      ['tells nothing', () => json({ ...chatCompletion(), usage: undefined }), read, { servedModel: 'qwen-7b' }],
      ['is read by nobody', chat(), async (call) => void (await call), { servedModel: 'asked' }],
      ['is audio', () => new Response('…', { headers: { 'content-type': 'audio/mpeg' } }), read, { format: null }],
      ['is no JSON', () => new Response('{', { headers: { 'content-type': 'application/json' } }), read, { raw: null }],
    ],
  )('a call that %s is a line without counts beside one that is known', async (_, answer, program, said) => {
    const meter = metering()
    const call = meteredFetch({ fetch: provider(answer, chat()) })
    const asked = { ...POST, body: JSON.stringify({ model: 'asked' }) }
    await serve(meter, async () => {
      await program(call(CHAT_URL, asked))
      await read(call(CHAT_URL, POST))
    })
    const unknown = { inputTokens: null, outputTokens: null, totalTokens: null }
    expect(await meter.records()).toMatchObject([
      { line: 0, evidence: 'upstream', requestedModel: 'asked', ...unknown, ...said },
      { line: 1, evidence: 'upstream', inputTokens: 9, outputTokens: 5 },
    ])
    const [bucket] = await meter.store.aggregate({ ...ALWAYS, bucket: null })
    expect(bucket).toMatchObject({ requests: 1, modelCalls: 2, incomplete: 1, inputTokens: 9 })
  })

  it('a call that has not answered when its request is settled is a line without counts', async () => {
    const meter = metering()
    const answers = [chat()(), new Promise<Response>(() => {})]
    const call = meteredFetch({ fetch: async () => answers.shift() as Response })
    await serve(meter, async () => {
      await read(call(CHAT_URL, POST))
      void call(CHAT_URL, POST)
    })
    expect(await meter.records()).toMatchObject([{ inputTokens: 9 }, { inputTokens: null, final: false }])
  })

  it.each<[what: string, url: string, init: RequestInit, answer: () => Response | Promise<never>]>([
    ['fails', CHAT_URL, POST, () => json({ error: {} }, { status: 500 })],
    ['finds no server', CHAT_URL, POST, () => Promise.reject(new TypeError('fetch failed'))],
    ['counts tokens', 'https://llm.test/v1/messages/count_tokens', POST, () => json({ input_tokens: 3 })],
    ['lists', 'https://llm.test/v1/models', {}, () => json({ data: [] })],
    ['is not known to infer', 'https://llm.test/v1/files', POST, () => json({ id: 'file_1' })],
  ])('a call that %s leaves no line', async (_, url, init, answer) => {
    const meter = metering()
    const answers = [answer, chat()]
    const call = meteredFetch({ fetch: async () => (answers.shift() as () => Response)() })
    await serve(meter, async () => {
      await read(call(url, init)).catch(() => {})
      await read(call(CHAT_URL, POST))
    })
    expect(await meter.record()).toMatchObject({ line: 0, inputTokens: 9 })
  })

  it('a client that leaves ends the call, and what is known by then counts', async () => {
    const meter = metering()
    const cancelled = vi.fn()
    const events = chatEvents()
    const call = meteredFetch({
      fetch: async () => {
        const chunks = [events[0] as string, events[3] as string]
        const body = new ReadableStream<Uint8Array>({
          pull: (controller) => {
            const chunk = chunks.shift()
            if (chunk) controller.enqueue(bytesOf(chunk))
          },
          cancel: cancelled,
        })
        return new Response(body, { headers: { 'content-type': 'text/event-stream' } })
      },
    })
    const handler = meter.wrap(async () => {
      const { body } = await call(CHAT_URL, POST)
      return new Response(body?.pipeThrough(new TransformStream()) ?? null)
    })
    const reader = readerOf(await handler(post()))
    await reader.read()
    await reader.read()
    await reader.cancel('left')
    await settled()
    expect(cancelled).toHaveBeenCalledOnce()
    expect(await meter.record()).toMatchObject({ outcome: 'cancelled', evidence: 'upstream', inputTokens: 9 })
  })

  it('nested wraps and nested fetches see one call', async () => {
    const meter = metering()
    const call = meteredFetch({ fetch: meteredFetch({ fetch: provider(chat()) }) })
    const inner = meter.wrap(async () => call(CHAT_URL, POST))
    await (await meter.wrap(inner)(post())).text()
    expect(await meter.record()).toMatchObject({ evidence: 'upstream', inputTokens: 9 })
  })

  it('a body that is still compressed is decoded before the request is counted', async () => {
    const meter = metering()
    const zipped = new Uint8Array(gzipSync(JSON.stringify(chatCompletion())))
    const headers = { 'content-type': 'application/json', 'content-encoding': 'gzip' }
    const call = meteredFetch({ fetch: provider(() => new Response(streamOf([zipped]), { headers })) })
    await serve(meter, async () => (await call(CHAT_URL, POST)).bytes())
    await meter.recorder.close()
    expect(await meter.record()).toMatchObject({ evidence: 'upstream', inputTokens: 9, outputTokens: 5 })
  })

  it('a call that goes on after the request is settled is said to be late', async () => {
    const meter = metering()
    const call = meteredFetch({ fetch: provider(chatStream, chat()) })
    let streaming: Response | undefined
    await serve(meter, async () => {
      addUsage({ inputTokens: 1 })
      streaming = await call(CHAT_URL, POST)
    })
    expect(await streaming?.text()).toBe(chatEvents().join(''))
    expect(meter.errors.map(({ code }) => code)).toEqual(['stamp-outside-request'])
    expect(await meter.record()).toMatchObject({ evidence: 'stamp', inputTokens: 1 })
  })

  it('a call that begins after the request is settled is a request of its own', async () => {
    const meter = metering()
    const call = outside(meter, { fetch: provider(chat()) })
    const later = Promise.withResolvers<void>()
    let background: Promise<string> | undefined
    await serve(meter, async () => {
      background = later.promise.then(() => read(call(CHAT_URL, POST)))
    })
    later.resolve()
    await background
    expect(await meter.record()).toMatchObject({ endpoint: '/v1/chat/completions', inputTokens: 9 })
  })

  it('a thousand calls are followed, and more are reported', async () => {
    const meter = metering()
    const call = meteredFetch({ fetch: async () => chat()() })
    await serve(meter, async () => {
      for (let calls = 0; calls < 1_002; calls++) await read(call(CHAT_URL, POST))
    })
    expect(await meter.records()).toHaveLength(1_000)
    expect(meter.errors.map(({ code }) => code)).toEqual(['limit', 'limit'])
  })

  it('nobody meters where the request has no recorder', async () => {
    const meter = metering()
    const answer = chat()()
    const call = outside(meter, { fetch: async () => answer })
    const handler = meter.wrap(() => call(CHAT_URL, POST), { recorder: null })
    expect(await handler(post())).toBe(answer)
    expect(meter.recorder.stats().requests).toBe(0)
  })
})

describe('Two layers', () => {
  const usageOfCall = (responseId: string | null, inputTokens: number): UpstreamCall => ({
    layer: 'sdk',
    finish: () => null,
    used: () => ({
      reading: {
        ...READING,
        responseId,
        lines: [{ ...READING.lines[0], inputTokens }],
      },
      complete: true,
      requestedModel: null,
    }),
  })
  const NOTHING_ELSE = { units: null, serviceTier: null, providerCostNanoUsd: null }
  const READING = {
    format: null,
    operation: 'chat',
    streamed: false,
    model: 'qwen-7b',
    lines: [{ ...NO_COUNTS, ...NOTHING_ELSE, inputTokens: 1, model: null, consistent: true, final: true }] as const,
    reason: null,
    raw: null,
    interrupted: false,
    prefillTokens: null,
    draftTokens: null,
    replay: null,
  }

  it('of which one could not read what the other told saw no further call', async () => {
    const meter = metering()
    const call = meteredFetch({ fetch: provider(() => json({ ...chatCompletion(), usage: undefined })) })
    await serve(meter, async () => {
      await read(call(CHAT_URL, POST))
      currentUsage()?.follow(usageOfCall('chatcmpl-1', 50))
    })
    expect(await meter.record()).toMatchObject({ inputTokens: 50 })
  })

  it.each<[what: string, reported: readonly [string | null, number][], counts: readonly number[]]>([
    ['that report one response id saw one call', [['chatcmpl-1', 50]], [9, 9]],
    ['that report others saw others', [['chatcmpl-2', 50]], [9, 9, 50]],
    ['without ids saw calls of their own', [[null, 50]], [9, 9, 50]],
  ])('%s', async (_, reported, counts) => {
    const meter = metering()
    const call = meteredFetch({ fetch: provider(chat(), chat()) })
    await serve(meter, async () => {
      await read(call(CHAT_URL, POST))
      await read(call(CHAT_URL, POST))
      for (const [id, tokens] of reported) currentUsage()?.follow(usageOfCall(id, tokens))
    })
    expect((await meter.records()).map(({ inputTokens }) => inputTokens)).toEqual(counts)
  })
})

describe('Outside any request', () => {
  it('a call is a request of its own', async () => {
    const meter = metering()
    const call = outside(meter, { fetch: provider(chat()), identify: () => ({ user: { id: 'nightly' } }) })
    await read(call(CHAT_URL, { ...POST, headers: { 'x-request-id': 'job-7' } }))
    expect(await meter.record()).toMatchObject({
      userId: 'nightly',
      evidence: 'upstream',
      endpoint: '/v1/chat/completions',
      correlationId: 'job-7',
      status: 200,
      inputTokens: 9,
      outputTokens: 5,
    })
  })

  it('nested fetches see one call', async () => {
    const meter = metering()
    const call = outside(meter, { fetch: outside(meter, { fetch: provider(chat()) }) })
    await read(call(CHAT_URL, POST))
    expect(await meter.record()).toMatchObject({ evidence: 'upstream', inputTokens: 9 })
  })

  it('retries are requests of their own', async () => {
    const meter = metering()
    const failing = (status: number) => (): Response => json({ error: {} }, { status })
    const dead = async (): Promise<Response> => Promise.reject(new TypeError('fetch failed'))
    const answers: (() => Response | Promise<Response>)[] = [failing(429), failing(503), dead, chat()]
    const call = outside(meter, { fetch: async () => (answers.shift() as () => Response)() })
    await read(call(CHAT_URL, POST))
    await read(call(CHAT_URL, POST))
    await expect(call(CHAT_URL, POST)).rejects.toThrow('fetch failed')
    await read(call(CHAT_URL, POST))
    await meter.record()
    expect(meter.recorder.stats()).toMatchObject({
      requests: 4,
      recorded: 1,
      ignored: { status_4xx: 1, status_5xx: 1, handler_error: 1 },
      inFlight: 0,
    })
  })

  it.each<[what: string, init: (signal: AbortSignal) => Parameters<Fetch>]>([
    ['its signal', (signal) => [CHAT_URL, { ...POST, signal }]],
    ["its request's signal", (signal) => [new Request(CHAT_URL, { ...POST, signal })]],
  ])('an abort by %s is counted when it comes, also if nobody reads on', async (_, args) => {
    const meter = metering()
    const abort = new AbortController()
    const message = { id: 'msg_1', type: 'message', model: 'claude', usage: { input_tokens: 9, output_tokens: 1 } }
    const started = sseEvent({ type: 'message_start', message }, 'message_start')
    const body = new ReadableStream({ start: (controller) => controller.enqueue(bytesOf(started)) })
    const answer = new Response(body, { headers: { 'content-type': 'text/event-stream' } })
    const call = outside(meter, { fetch: async () => answer })
    const reader = readerOf(await call(...args(abort.signal)))
    await reader.read()
    abort.abort()
    expect(await meter.record()).toMatchObject({
      outcome: 'cancelled',
      inputTokens: 9,
      outputTokens: null,
      final: false,
    })
  })

  it('a stream that its reader leaves after its last event was heard to the end', async () => {
    const meter = metering()
    const reader = readerOf(await outside(meter, { fetch: provider(chatStream) })(CHAT_URL, POST))
    for (const _ of chatEvents()) await reader.read()
    await reader.cancel()
    expect(await meter.record()).toMatchObject({ outcome: 'complete', inputTokens: 9, outputTokens: 5, final: true })
  })

  it('what the process is configured to ask of its requests is not asked', async () => {
    const meter = metering()
    const identify = vi.fn(() => ({ user: { id: 'the owner of the key' } }))
    configureUsage({ recorder: meter.recorder, identify, endpoint: '/app' })
    await read(meteredFetch({ fetch: provider(chat()) })(CHAT_URL, POST))
    expect(identify).not.toHaveBeenCalled()
    expect(meter.recorder.stats().unrecorded).toEqual({ no_user: 1 })
    const call = meteredFetch({ fetch: provider(chat()), fallbackUser: { id: 'jobs' } })
    await read(call(CHAT_URL, POST))
    expect(await meter.record()).toMatchObject({ userId: 'jobs', endpoint: '/v1/chat/completions' })
  })

  it('nobody meters without a recorder', async () => {
    const answer = chat()()
    expect(await meteredFetch({ recorder: null, fetch: async () => answer })(CHAT_URL, POST)).toBe(answer)
  })

  it('the fetch that is global may be replaced', async () => {
    const meter = metering()
    vi.stubGlobal('fetch', provider(chat()))
    vi.stubGlobal('fetch', outside(meter, {}))
    await read(fetch(CHAT_URL, POST))
    vi.unstubAllGlobals()
    expect(await meter.record()).toMatchObject({ inputTokens: 9 })
  })

  it('a number that is none is refused at once', () => {
    expect(() => meteredFetch({ idleTimeoutMs: 0 })).toThrow(expect.objectContaining({ code: 'bad-option' }))
  })
})

describe('A result that may be fetched again', () => {
  const FINISHED = {
    id: 'resp_1',
    object: 'response',
    created_at: 1_700_000_000,
    background: true,
    status: 'completed',
    model: 'gpt-4.1',
    output: [],
    usage: { input_tokens: 11, output_tokens: 6, total_tokens: 17 },
  }
  const URL = 'https://llm.test/v1/responses/resp_1'
  const fetched = (fields = {}) => meteredFetch({ fetch: async () => json({ ...FINISHED, ...fields }) })

  it('is one record, however often and wherever it is fetched', async () => {
    const store = memoryStore()
    const recorders = [createRecorder({ store }), createRecorder({ store })]
    for (const recorder of recorders) {
      await read(meteredFetch({ recorder, fetch: async () => json(FINISHED) })(URL))
      await recorder.flush()
      const handler = withUsage(async () => new Response(await read(fetched()(URL))), { recorder })
      for (let poll = 0; poll < 2; poll++) await (await handler(post('https://app.test/poll'))).text()
      await recorder.close()
    }
    const { records } = await store.records({ ...ALWAYS, limit: 10 })
    expect(records).toMatchObject([{ createdAt: new Date(1_700_000_000_000), inputTokens: 11, outputTokens: 6 }])
    expect(recorders.map((recorder) => recorder.stats())).toMatchObject([
      { requests: 3, recorded: 1, ignored: { duplicate: 2 } },
      { requests: 3, recorded: 0, ignored: { duplicate: 3 } },
    ])
  })

  it('that comes again beside other calls is left out alone', async () => {
    const meter = metering()
    const both = meteredFetch({ fetch: async (url) => json(String(url) === URL ? FINISHED : chatCompletion()) })
    for (let poll = 0; poll < 3; poll++)
      await serve(meter, async () => {
        await read(both(URL))
        await read(both(CHAT_URL, POST))
      })
    expect((await meter.records()).map(({ inputTokens }) => inputTokens).toSorted()).toEqual([11, 9, 9, 9])
    expect(meter.recorder.stats()).toMatchObject({ requests: 3, recorded: 3, ignored: {} })
  })

  it('was paid for when it was made, if that was not in the background', async () => {
    const meter = metering()
    await serve(meter, () => read(fetched({ background: false })(URL)))
    await read(outside(meter, { fetch: async () => json({ ...FINISHED, background: false }) })(URL))
    expect(await meter.records()).toEqual([])
    expect(meter.recorder.stats().ignored).toEqual({ not_inference: 1 })
  })

  it('is not counted while it runs', async () => {
    const meter = metering()
    await read(outside(meter, { fetch: async () => json({ ...FINISHED, status: 'queued', usage: null }) })(URL))
    expect(meter.recorder.stats().ignored).toEqual({ deferred: 1 })
  })
})

describe('A response that nobody reads', () => {
  it('lets go of its connection as one of fetch does, and is counted; one that is held is read in the end', async () => {
    const script = join(import.meta.dirname, 'support', 'unread-responses.ts')
    const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', script])
    expect(JSON.parse(stdout)).toEqual({ bare: 'closed', metered: 'closed', held: 'read', inFlight: 0 })
  })
})
