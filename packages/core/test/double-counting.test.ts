/** The rules by which one model call is one line, each with two or more who see it. */
import { AsyncLocalStorage } from 'node:async_hooks'
import { expectAccounted } from '@withusage/testing'
import { describe, expect, it } from 'vitest'
import { addUsage, currentUsage, stampUsage } from '../src/context.ts'
import { type Fetch, meteredFetch } from '../src/metered-fetch.ts'
import { exchangeOpener } from '../src/open-exchange.ts'
import { createRecorder } from '../src/recorder.ts'
import { memoryStore } from '../src/stores/memory.ts'
import type { UsageStore } from '../src/types.ts'
import { withUsage } from '../src/with-usage.ts'
import { chatCompletion, chatEvents, json, sse } from './support/bodies.ts'
import { ALWAYS, CHAT_URL, type Metering, metering, post } from './support/metered.ts'

const POST = { method: 'POST' }
const APP = 'https://app.test/answer'

/** A completion of this id and input. */
const chat = (id: string | null = 'chatcmpl-1', prompt_tokens = 9): Response =>
  json(chatCompletion({ id, usage: { prompt_tokens, completion_tokens: 5, total_tokens: prompt_tokens + 5 } }))

/** A provider that gives these answers, one a call. */
function provider(...answers: readonly Response[]): Fetch {
  const left = [...answers]
  return async () => left.shift() as Response
}

const read = async (response: Response | Promise<Response>): Promise<string> => (await response).text()

async function lines(meter: Metering): Promise<[string, number | null][]> {
  return (await meter.records()).map(({ evidence, inputTokens }) => [evidence, inputTokens])
}

describe('One kind of evidence', () => {
  const everything = (meter: Metering, stamp: boolean, upstream: boolean, body: boolean) => {
    const call = meteredFetch({ fetch: provider(chat('chatcmpl-1', 20)) })
    return meter.wrap(async () => {
      if (stamp) stampUsage({ inputTokens: 30, outputTokens: 5 })
      if (upstream) await read(call(CHAT_URL, POST))
      return body ? sse(chatEvents()) : new Response('done')
    })
  }

  it.each([
    [true, true, true, ['stamp', 30]],
    [true, true, false, ['stamp', 30]],
    [true, false, true, ['stamp', 30]],
    [false, true, true, ['upstream', 20]],
    [false, true, false, ['upstream', 20]],
    [false, false, true, ['body', 9]],
  ] as const)('counts: stamped %s, upstream %s, in the body %s', async (stamp, upstream, body, line) => {
    const meter = metering()
    await read(everything(meter, stamp, upstream, body)(post()))
    expect(await lines(meter)).toEqual([line])
  })

  it('is completed by no other: what the stamp leaves out is not known', async () => {
    const meter = metering()
    await read(
      meter.wrap(() => {
        stampUsage({ inputTokens: 30 })
        return sse(chatEvents())
      })(post()),
    )
    expect(await meter.record()).toMatchObject({ inputTokens: 30, outputTokens: null })
  })

  it.each([
    ['a stamp', () => stampUsage({ inputTokens: 30, outputTokens: 5 }), ['stamp', 30]],
    ['the body', () => {}, ['body', 9]],
  ] as const)('of %s stands beside what is added', async (_, say, line) => {
    const meter = metering()
    await read(
      meter.wrap(() => {
        say()
        addUsage({ inputTokens: 7 })
        return sse(chatEvents())
      })(post()),
    )
    expect(await lines(meter)).toEqual([line, ['stamp', 7]])
  })
})

describe('Two layers around one handler', () => {
  it('that are both withUsage are one request', async () => {
    const meter = metering()
    await read(meter.wrap(meter.wrap(meter.wrap(() => chat())))(post()))
    expect(await lines(meter)).toEqual([['body', 9]])
    expect(meter.recorder.stats().requests).toBe(1)
  })

  it.each([true, false])('of which one is an adapter are one request (outside: %s)', async (outside) => {
    const meter = metering()
    const adapted = adapter(meter, outside ? meter.wrap(() => chat()) : () => chat())
    await read((outside ? adapted : meter.wrap(adapted))(post()))
    expect(await lines(meter)).toEqual([['body', 9]])
    expect(meter.recorder.stats().requests).toBe(1)
  })

  it('are one request also for the calls that it makes', async () => {
    const meter = metering()
    const call = meteredFetch({ fetch: provider(chat()) })
    await read(meter.wrap(meter.wrap(() => call(CHAT_URL, POST)))(post()))
    expect(await lines(meter)).toEqual([['upstream', 9]])
  })

  /** An adapter of a framework that writes its responses: as small as one can be. */
  function adapter({ recorder }: Metering, handle: (request: Request) => Response | Promise<Response>) {
    const open = exchangeOpener<[Request]>({ recorder })
    return async (request: Request): Promise<Response> => {
      const { exchange, run } = open(request, [request])
      const response = await run(async () => handle(request))
      const { status, headers } = response
      if (!exchange?.answer({ status, headers, hasBody: true })) return response
      const bytes = new Uint8Array(await response.arrayBuffer())
      exchange.chunk(bytes)
      exchange.end('complete')
      return new Response(bytes, response)
    }
  }
})

describe('A call that passes several layers', () => {
  const passedOn = async (fetch: Fetch): Promise<Response> => {
    const answer = await fetch(CHAT_URL, POST)
    return new Response(answer.body, answer)
  }

  it.each([
    ['meteredFetch below withUsage', () => meteredFetch({ fetch: provider(chat()) })],
    ['two of meteredFetch', () => meteredFetch({ fetch: meteredFetch({ fetch: provider(chat()) }) })],
    ['its response of no id', () => meteredFetch({ fetch: meteredFetch({ fetch: provider(chat(null)) }) })],
  ])('is one line: %s', async (_, fetch) => {
    const meter = metering()
    const call = fetch()
    await read(meter.wrap(() => passedOn(call))(post()))
    expect(await lines(meter)).toEqual([['upstream', 9]])
  })

  it('is on the account of another request, that passes the body on when the one that made it is settled', async () => {
    const meter = metering()
    const call = meteredFetch({ fetch: provider(chat()) })
    const kept: Response[] = []
    await read(
      meter.wrap(async () => {
        kept.push(await call(CHAT_URL, POST))
        return new Response('kept')
      })(post(APP)),
    )
    await read(meter.wrap(async () => kept[0] as Response)(post(APP)))
    expect(await lines(meter)).toEqual([['body', 9]])
    expect(meter.recorder.stats().unrecorded).toEqual({ no_usage: 1 })
  })

  it('is one line where they name one response, whichever they are', async () => {
    const meter = metering()
    const call = meteredFetch({ fetch: provider(chat('chatcmpl-1')) })
    await read(
      meter.wrap(async () => {
        currentUsage()?.follow(sdkCall('chatcmpl-1'))
        return passedOn(call)
      })(post(APP)),
    )
    expect((await meter.records()).map(({ responseId }) => responseId)).toEqual(['chatcmpl-1'])
  })

  it('is one line of each of two calls through one layer, whatever their ids', async () => {
    const meter = metering()
    const call = meteredFetch({ fetch: provider(chat('same'), chat('same')) })
    await read(
      meter.wrap(async () => {
        await read(call(CHAT_URL, POST))
        return passedOn(call)
      })(post(APP)),
    )
    expect(await lines(meter)).toEqual([
      ['upstream', 9],
      ['upstream', 9],
    ])
  })

  it('is one request of each process that it passes, and their records share the id of the response', async () => {
    const gateway = metering()
    const app = metering()
    const served = gateway.wrap(() => chat('chatcmpl-1'))
    // Over the network it leaves the request of the app.
    const call = meteredFetch({ fetch: (url, init) => elsewhere(() => served(new Request(url as string, init))) })
    await read(app.wrap(() => passedOn(call))(post(APP)))
    const [behind, before] = [await gateway.record(), await app.record()]
    expect(behind.responseId).toBe(before.responseId)
    expect(behind.id).not.toBe(before.id)
    expect(behind.requestId).not.toBe(before.requestId)
  })

  const sdkCall = (responseId: string) => ({
    layer: 'sdk',
    finish: () => null,
    used: () => ({
      reading: {
        ...{ format: null, operation: 'chat', streamed: false, model: 'qwen-7b', responseId, reason: null, raw: null },
        ...{ interrupted: false, prefillTokens: null, draftTokens: null, replay: null },
        lines: [{ ...UNKNOWN, inputTokens: 9, outputTokens: 5, model: null, consistent: true, final: true }],
      },
      complete: true,
      requestedModel: null,
    }),
  })
})

const UNKNOWN = {
  ...{ totalTokens: null, cacheReadTokens: null, cacheWriteTokens: null, cacheWrite1hTokens: null },
  ...{ reasoningTokens: null, inputAudioTokens: null, outputAudioTokens: null, inputImageTokens: null },
  ...{ outputImageTokens: null, units: null, serviceTier: null, providerCostNanoUsd: null },
}

/** Runs something where no request is known, as another process does. */
const elsewhere = AsyncLocalStorage.snapshot()

describe('A result that is fetched again and again', () => {
  const RESULT = 'https://llm.test/v1/responses/resp_1'
  const FINISHED = {
    ...{ id: 'resp_1', object: 'response', created_at: 1_760_000_000, status: 'completed', background: true },
    ...{ model: 'gpt-5', output: [], usage: { input_tokens: 20, output_tokens: 30, total_tokens: 50 } },
  }
  const RUNNING = { ...FINISHED, status: 'in_progress', usage: null }
  const QUEUED = { ...RUNNING, status: 'queued' }
  const STORED = { ...FINISHED, background: false }
  const RUN = {
    ...{ id: 'run_1', object: 'thread.run', created_at: 1_760_000_000, status: 'completed', model: 'gpt-5' },
    usage: { prompt_tokens: 20, completion_tokens: 30, total_tokens: 50 },
  }

  /** What fetches a result, by way of one instance's recorder. */
  const WAYS: Record<string, (recorder: Metering['recorder'], url: string, body: object) => Promise<unknown>> = {
    'through a wrapped proxy': (recorder, url, body) =>
      withUsage(() => json(body), { recorder })(new Request(url)).then(read),
    'by meteredFetch, inside a request': (recorder, url, body) =>
      withUsage(async () => new Response(await read(meteredFetch({ fetch: async () => json(body) })(url))), {
        recorder,
      })(post(APP)).then(read),
    'by meteredFetch, outside any': (recorder, url, body) =>
      read(meteredFetch({ recorder, fetch: async () => json(body) })(url)),
  }
  const ways = Object.entries(WAYS)

  /** Two instances over one store. */
  function instances(): { store: UsageStore; recorders: Metering['recorder'][] } {
    const store = memoryStore()
    return { store, recorders: [createRecorder({ store }), createRecorder({ store })] }
  }

  it.each(
    ways.flatMap(([way, fetch]) => [
      { way, what: 'a Response made in the background', fetch, url: RESULT, body: FINISHED },
      { way, what: 'a run of a thread', fetch, url: 'https://llm.test/v1/threads/thread_1/runs/run_1', body: RUN },
    ]),
  )('is one record, five times from two instances: $what, $way', async ({ fetch, url, body }) => {
    const { store, recorders } = instances()
    for (const instance of [0, 1, 0, 1, 0]) {
      await fetch(recorders[instance] as Metering['recorder'], url, body)
      await recorders[instance]?.flush()
    }
    expect((await store.records(ALWAYS)).records).toMatchObject([{ inputTokens: 20, outputTokens: 30 }])
    expect(recorders.map((recorder) => recorder.stats())).toMatchObject([
      { requests: 3, recorded: 1, ignored: { duplicate: 2 }, inFlight: 0 },
      { requests: 2, recorded: 0, ignored: { duplicate: 2 }, inFlight: 0 },
    ])
    for (const recorder of recorders) await recorder.close()
    recorders.forEach(expectAccounted)
  })

  it('is one record whichever ways it is fetched', async () => {
    const { store, recorders } = instances()
    for (const [, fetch] of ways)
      for (const recorder of recorders) {
        await fetch(recorder, RESULT, FINISHED)
        await recorder.flush()
      }
    expect((await store.records(ALWAYS)).records).toHaveLength(1)
    for (const recorder of recorders) await recorder.close()
  })

  it('is one record also when both instances write at once', async () => {
    const { store, recorders } = instances()
    await Promise.all(recorders.flatMap((recorder) => ways.map(([, fetch]) => fetch(recorder, RESULT, FINISHED))))
    await Promise.all(recorders.map((recorder) => recorder.close()))
    expect((await store.records(ALWAYS)).records).toHaveLength(1)
    const [one, other] = recorders.map((recorder) => recorder.stats())
    expect((one?.recorded ?? 0) + (other?.recorded ?? 0)).toBe(1)
    expect((one?.ignored.duplicate ?? 0) + (other?.ignored.duplicate ?? 0)).toBe(5)
  })

  it.each([
    ['while it waits', QUEUED],
    ['while it runs', RUNNING],
    ['while it runs, though it tells of counts', { ...FINISHED, status: 'in_progress' }],
  ])('is not counted %s', async (_, body) => {
    const meter = metering()
    await WAYS['through a wrapped proxy']?.(meter.recorder, RESULT, body)
    await WAYS['by meteredFetch, outside any']?.(meter.recorder, RESULT, body)
    expect(meter.recorder.stats()).toMatchObject({ requests: 2, ignored: { deferred: 2 } })
  })

  it('is one line of the request that makes it and asks until it is done', async () => {
    const meter = metering()
    const call = meteredFetch({ fetch: provider(json(QUEUED), json(RUNNING), json(RUNNING), json(FINISHED)) })
    await read(
      meter.wrap(async () => {
        await read(call('https://llm.test/v1/responses', POST))
        for (let poll = 0; poll < 3; poll++) await read(call(RESULT))
        return new Response('done')
      })(post(APP)),
    )
    expect(await lines(meter)).toEqual([['upstream', 20]])
  })

  it.each(ways)('was paid for when it was made, unless that was in the background: %s', async (_, fetch) => {
    const meter = metering()
    const made = meteredFetch({ fetch: async () => json(STORED) })
    await read(meter.wrap(async () => new Response(await read(made('https://llm.test/v1/responses', POST))))(post(APP)))
    for (let again = 0; again < 3; again++) await fetch(meter.recorder, RESULT, STORED)
    expect(await lines(meter)).toEqual([['upstream', 20]])
  })

  it('has no share in what its fetching costs', async () => {
    const meter = metering()
    const handler = meter.wrap(() => {
      addUsage({ inputTokens: 7 })
      return json(STORED)
    })
    for (let again = 0; again < 2; again++) await read(handler(new Request(RESULT)))
    expect(await lines(meter)).toEqual([
      ['stamp', 7],
      ['stamp', 7],
    ])
  })
})

describe('A record that is written again', () => {
  it('because its store did not answer is one', async () => {
    const store = memoryStore()
    let silent = 2
    const meter = metering({
      ...store,
      async write(batch) {
        const written = await store.write(batch)
        if (silent-- > 0) throw new Error('no answer')
        return written
      },
    })
    await read(meter.wrap(() => chat())(post()))
    await meter.recorder.flush()
    expect((await store.records(ALWAYS)).records).toHaveLength(1)
    expect(meter.recorder.stats()).toEqual({ requests: 1, recorded: 1, unrecorded: {}, ignored: {}, inFlight: 0 })
  })
})
