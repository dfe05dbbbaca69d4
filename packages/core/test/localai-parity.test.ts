import {
  expectAccounted,
  expectStoredAccount,
  failing,
  faultyStore,
  inTurn,
  refusing,
  sampleRecord,
} from '@withusage/testing'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import {
  createRecorder,
  disabledStore,
  type Identity,
  localUser,
  memoryStore,
  stampUsage,
  type UsageError,
  withUsage,
} from '../src/index.ts'
import { CHAT, recordOf, sorted, told } from './localai-parity/record-of.ts'
import { ANTHROPIC_EVENTS, ANTHROPIC_MESSAGE, FAMILIES, WITHOUT_USAGE } from './localai-parity/routes.ts'
import { by, inPeriod, PERIODS, SPENDING } from './localai-parity/spending.ts'
import { bytesOf, chatCompletion, chatEvents, json, sse, sseEvent, streamFrom } from './support/bodies.ts'
import { heldBytes } from './support/held-bytes.ts'
import { ALWAYS, metering, post } from './support/metered.ts'
import { openSdk } from './support/open-sdk.ts'
import { readerOf } from './support/reading.ts'
import { recording } from './support/recording.ts'
import { serve } from './support/serve.ts'

const JSON_TYPE = { 'content-type': 'application/json' }
const STAMP = { model: 'stamped-7b', inputTokens: 100, outputTokens: 50 }

const sseFrom = (chunks: AsyncIterable<Uint8Array>): Response =>
  new Response(streamFrom(chunks), { headers: { 'content-type': 'text/event-stream' } })

/** `docs/from-localai.md` has a row for each of these. */
describe("What LocalAI's usage middleware does", () => {
  it('1. nil recorder: the response is the very object of the handler, and nothing is asked, said or counted', async () => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {})
    onTestFinished(() => warn.mockRestore())
    const { recorder, wrap, errors } = metering()
    const identify = vi.fn(() => null)
    const response = sse(chatEvents())
    const handler = () => {
      stampUsage(STAMP)
      return response
    }
    expect(await wrap(handler, { recorder: null, identify })(post())).toBe(response)
    expect(await response.text()).toBe(chatEvents().join(''))
    expect([identify.mock.calls, warn.mock.calls, errors]).toEqual([[], [], []])
    expect(recorder.stats().requests).toBe(0)
  })

  it('2. a stamp beats the usage in the body, and the two are never mixed', async () => {
    const stamped = await recordOf(() => {
      stampUsage(STAMP)
      return json(chatCompletion())
    })
    expect(stamped).toMatchObject({ evidence: 'stamp', inputTokens: 100, outputTokens: 50, totalTokens: 150 })
    const half = await recordOf(() => {
      stampUsage({ outputTokens: 50 })
      return sse(chatEvents())
    })
    expect(half).toMatchObject({ evidence: 'stamp', inputTokens: null, outputTokens: 50, servedModel: 'qwen-7b' })
  })

  it('3. no stamp: reads a JSON body of the OpenAI shape, and of the Anthropic shape with cached tokens inside', async () => {
    const openai = await recordOf(() => json(chatCompletion()))
    expect(openai).toMatchObject({ evidence: 'body', format: 'openai-chat', servedModel: 'qwen-7b' })
    expect(openai).toMatchObject({ inputTokens: 9, outputTokens: 5, totalTokens: 14 })
    const anthropic = await recordOf(() => json(ANTHROPIC_MESSAGE), { path: '/v1/messages' })
    expect(anthropic).toMatchObject({ evidence: 'body', format: 'anthropic-messages', servedModel: 'claude' })
    expect(anthropic).toMatchObject({ inputTokens: 16, cacheReadTokens: 4, outputTokens: 7, totalTokens: 23 })
  })

  it("4. streams: reads OpenAI's last chunk, and Anthropic's message_start + message_delta", async () => {
    const openai = await recordOf(() => sse(chatEvents()))
    expect(openai).toMatchObject({ streamed: true, evidence: 'body', inputTokens: 9, outputTokens: 5, final: true })
    expect(ANTHROPIC_EVENTS.at(-1)).toBe(sseEvent({ type: 'message_stop' }, 'message_stop'))
    const anthropic = await recordOf(() => sse(ANTHROPIC_EVENTS), { path: '/v1/messages' })
    expect(anthropic).toMatchObject({ streamed: true, evidence: 'body', final: true })
    expect(anthropic).toMatchObject({ inputTokens: 25, outputTokens: 15, totalTokens: 40 })
  })

  it('5. a stamp in a streaming handler counts after the head and the first bytes have reached the client', async () => {
    const { recorder, wrap, record } = metering()
    const clientHasBytes = Promise.withResolvers<void>()
    async function* words(): AsyncGenerator<Uint8Array> {
      yield bytesOf('data: 1\n\n')
      await clientHasBytes.promise
      stampUsage(STAMP)
      yield bytesOf('data: [DONE]\n\n')
    }
    const { send } = await serve(wrap(() => sseFrom(words())))
    const reader = readerOf(await send(CHAT))
    expect((await reader.read()).value).toEqual(bytesOf('data: 1\n\n'))
    expect(recorder.stats()).toMatchObject({ requests: 1, recorded: 0, inFlight: 1 })
    clientHasBytes.resolve()
    while (!(await reader.read()).done);
    expect(await record()).toMatchObject({ evidence: 'stamp', inputTokens: 100, outputTokens: 50, streamed: true })
  })

  it('6. all-zero usage is what the provider said and is recorded; no usage is not', async () => {
    const zero = { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 }
    const record = await recordOf(() => json(chatCompletion({ usage: zero })))
    expect(record).toMatchObject({ evidence: 'body', inputTokens: 0, outputTokens: 0, totalTokens: 0 })
    const { recorder, wrap } = metering()
    await (await serve(wrap(() => json(chatCompletion({ usage: null }))))).read(CHAT)
    expect(recorder.stats()).toMatchObject({ requests: 1, recorded: 0, unrecorded: { no_usage: 1 } })
  })

  it('7. non-2xx: ignored by status, and recorded when there is evidence', async () => {
    const { recorder, wrap, record } = metering()
    const handler = wrap(({ url, headers }) => {
      if (headers.has('x-used')) stampUsage(STAMP)
      return json(chatCompletion(), { status: Number(new URL(url).searchParams.get('status')) })
    })
    const { read } = await serve(handler)
    for (const status of [302, 404, 429, 503]) await read(`${CHAT}?status=${status}`)
    await read(`${CHAT}?status=500`, { headers: { 'x-used': 'yes' } })
    expect(await record()).toMatchObject({ status: 500, evidence: 'stamp', inputTokens: 100, outputTokens: 50 })
    const ignored = { status_3xx: 1, status_4xx: 2, status_5xx: 1 }
    expect(recorder.stats()).toEqual({ requests: 5, recorded: 1, unrecorded: {}, ignored, inFlight: 0 })
  })

  it('8. no user and no fallback: no_user, and no record', async () => {
    const { recorder, wrap, records } = metering()
    for (const identity of [null, { user: { id: '' } }]) {
      const { read } = await serve(wrap(() => json(chatCompletion()), { identify: async () => identity }))
      await read(CHAT)
    }
    expect(await records()).toEqual([])
    expect(recorder.stats()).toMatchObject({ requests: 2, recorded: 0, unrecorded: { no_user: 2 } })
  })

  it('9. the fallback user pays for whom identify does not know; with neither it is the local user', async () => {
    const fallbackUser = { id: 'house', name: 'The house' }
    const handler = () => json(chatCompletion())
    const known = await recordOf(handler, { identify: () => ({ user: { id: 'ada' } }), fallbackUser })
    expect(known).toMatchObject({ userId: 'ada', userName: null })
    const unknown = await recordOf(handler, { identify: () => null, fallbackUser })
    expect(unknown).toMatchObject({ userId: 'house', userName: 'The house' })
    expect(await recordOf(handler)).toMatchObject({ userId: 'local', userName: 'local' })
  })

  it("10. requested and served model: from a router's stamp, else the URL and the body, else null", async () => {
    const routed = await recordOf(() => {
      stampUsage({ requestedModel: 'auto', servedModel: 'qwen-7b-routed' })
      return json(chatCompletion())
    })
    expect(routed).toMatchObject({ requestedModel: 'auto', servedModel: 'qwen-7b-routed' })
    expect(routed).toMatchObject({ evidence: 'body', inputTokens: 9 })
    const unrouted = await recordOf(() => json(chatCompletion()))
    expect(unrouted).toMatchObject({ requestedModel: null, servedModel: 'qwen-7b' })
    const path = '/openai/deployments/my-gpt/chat/completions'
    const deployed = await recordOf(() => json(chatCompletion()), { path })
    expect(deployed).toMatchObject({ requestedModel: 'my-gpt', servedModel: 'qwen-7b' })
  })

  it('11. prompt tokens before and after a filter: as stamped, null when none ran, and a growth is reported', async () => {
    const { wrap, records, errors } = metering()
    const handler = wrap(({ headers }) => {
      const [before, after] = JSON.parse(headers.get('x-filter') ?? '[]')
      stampUsage({ preFilterInputTokens: before, postFilterInputTokens: after })
      return json(chatCompletion())
    })
    const { read } = await serve(handler)
    for (const counts of ['[12,9]', '[]', '[5,9]']) await read(CHAT, { headers: { 'x-filter': counts } })
    const filtered = told(await records(), 'preFilterInputTokens', 'postFilterInputTokens', 'inputTokens')
    expect(filtered).toEqual(
      sorted([
        [12, 9, 9],
        [null, null, 9],
        [5, 9, 9],
      ]),
    )
    expect(errors.map(({ code }) => code)).toEqual(['invariant'])
  })

  it('12. the correlation id is stamped, else of the response, of the request, its request id, the W3C trace id', async () => {
    const traceId = '4bf92f3577b34da6a3ce929d0e0e4736'
    const request: [string, string][] = [
      ['x-correlation-id', 'request'],
      ['x-request-id', 'request-id'],
      ['traceparent', `00-${traceId}-00f067aa0ba902b7-01`],
    ]
    const wanted = ['stamped', 'response', 'request', 'request-id', traceId, null]
    const found: (string | null)[] = []
    for (let missing = 0; missing < wanted.length; missing++) {
      const handler = () => {
        if (missing < 1) stampUsage({ correlationId: 'stamped' })
        return json(chatCompletion(), missing < 2 ? { headers: { 'x-correlation-id': 'response' } } : {})
      }
      const record = await recordOf(handler, { headers: request.slice(Math.max(0, missing - 2)) })
      found.push(record.correlationId)
    }
    expect(found).toEqual(wanted)
  })

  it('13. source apikey, web, legacy, default web; key id and name are a snapshot that a rename does not change', async () => {
    const { store, wrap, records } = metering()
    const apiKey = { id: 'k-1', name: 'laptop' }
    const identities: Record<string, Identity> = {
      apikey: { user: { id: 'ada' }, source: 'apikey', apiKey },
      web: { user: { id: 'bob' }, source: 'web' },
      legacy: { user: { id: 'legacy-api-key' }, source: 'legacy' },
      unsaid: { user: { id: 'eve' } },
    }
    const identify = ({ headers }: Request) => identities[headers.get('x-who') ?? '']
    const { read } = await serve(wrap(() => json(chatCompletion()), { identify }))
    for (const who of Object.keys(identities)) await read(CHAT, { headers: { 'x-who': who } })
    apiKey.name = 'renamed'
    await read(CHAT, { headers: { 'x-who': 'apikey' } })
    expect(told(await records(), 'userId', 'source', 'apiKeyId', 'apiKeyName')).toEqual(
      sorted([
        ['ada', 'apikey', 'k-1', 'laptop'],
        ['ada', 'apikey', 'k-1', 'renamed'],
        ['bob', 'web', null, null],
        ['legacy-api-key', 'legacy', null, null],
        ['eve', 'web', null, null],
      ]),
    )
    expect(await by(store, 'apiKeyId')).toEqual([
      [null, 3, 27],
      ['k-1', 2, 18],
    ])
  })

  it('14. duration and time to first byte: from the start of the request to the end, and to the first bytes', async () => {
    let now = 1_000
    const clock = vi.spyOn(performance, 'now').mockImplementation(() => now)
    onTestFinished(() => clock.mockRestore())
    async function* words(): AsyncGenerator<Uint8Array> {
      now += 250
      yield bytesOf(chatEvents()[0] as string)
      now += 750
      yield bytesOf(chatEvents().slice(1).join(''))
    }
    const record = await recordOf(() => sseFrom(words()))
    expect(record).toMatchObject({ timeToFirstByteMs: 250, durationMs: 1_000, outcome: 'complete', inputTokens: 9 })
  })

  it('15. unrecorded requests are counted by endpoint and reason, in the account, the store and the metric', async () => {
    const { meter, points } = openSdk()
    const { recorder, memory } = recording(undefined, { meter })
    const answers: Record<string, string> = {
      '/v1/messages': '{"usage":',
      '/v1/completions': JSON.stringify(chatCompletion()),
    }
    const handler = withUsage(
      ({ url }) => new Response(answers[new URL(url).pathname] ?? '{}', { headers: JSON_TYPE }),
      {
        recorder,
        identify: ({ url }) => (url.endsWith('/v1/completions') ? null : { user: { id: 'ada' } }),
      },
    )
    const { read } = await serve(handler)
    for (const path of [CHAT, CHAT, '/v1/completions', '/v1/messages', '/private/42']) await read(path)
    await recorder.flush()
    const expected = sorted([
      [CHAT, 'no_usage', 2],
      ['/v1/completions', 'no_user', 1],
      ['/v1/messages', 'unreadable_body', 1],
      ['other', 'no_usage', 1],
    ])
    expect(told(await memory.account({ ...ALWAYS, bucket: null }), 'endpoint', 'reason', 'requests')).toEqual(expected)
    const counted = await points('withusage.unrecorded')
    expect(sorted(counted.map(([{ endpoint, reason }, count]) => [endpoint, reason, count]))).toEqual(expected)
    expect(recorder.stats().unrecorded).toEqual({ no_usage: 3, no_user: 1, unreadable_body: 1 })
  })

  it('16. one call writes store and metrics; a broken invariant is reported and stored, and strict throws it once', async () => {
    const { meter, points } = openSdk()
    const { recorder, memory, codes } = recording(undefined, { meter })
    recorder.record([sampleRecord({ preFilterInputTokens: 5, postFilterInputTokens: 9, servedModel: 'qwen-7b' })])
    await recorder.flush()
    expect(codes()).toEqual(['invariant'])
    expect((await memory.records(ALWAYS)).records).toMatchObject([{ inputTokens: 9, outputTokens: 5 }])
    expect(await points('withusage.tokens')).toEqual([
      [{ served_model: 'qwen-7b', kind: 'input' }, 9],
      [{ served_model: 'qwen-7b', kind: 'output' }, 5],
    ])

    const strict = recording(undefined, { strict: true })
    const costly = sampleRecord({ costNanoUsd: 5, pricingVersion: null })
    expect(() => strict.recorder.record([costly])).toThrow('costNanoUsd has no pricingVersion')
    const handler = () => {
      stampUsage({ preFilterInputTokens: 5, postFilterInputTokens: 9 })
      return sse(chatEvents())
    }
    const onError = (error: UsageError): void => void strict.errors.push(error)
    const { read } = await serve(withUsage(handler, { recorder: strict.recorder, onError }))
    expect(await read(CHAT)).toBe(chatEvents().join(''))
    expect(strict.codes()).toEqual(['invariant'])
    expect(strict.recorder.stats()).toMatchObject({ requests: 2, recorded: 0, unrecorded: { record_failed: 2 } })
  })

  it('17. stores: batches by size and by interval, a ring of 50,000 in memory, and one that keeps nothing', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    onTestFinished(() => void vi.useRealTimers())
    const database = faultyStore(memoryStore())
    const batching = createRecorder({ store: database, batch: { size: 3, intervalMs: 5_000 } })
    const sizes = (): number[] => database.attempts.map(({ records }) => records.length)
    for (let request = 0; request < 3; request++) batching.record([sampleRecord()])
    await vi.advanceTimersByTimeAsync(0)
    expect(sizes()).toEqual([3])
    batching.record([sampleRecord()])
    await vi.advanceTimersByTimeAsync(4_999)
    expect(sizes()).toEqual([3])
    await vi.advanceTimersByTimeAsync(1)
    expect(sizes()).toEqual([3, 1])
    await expectStoredAccount(batching, database)

    const ring = memoryStore()
    await ring.write({ records: Array.from({ length: 50_001 }, () => sampleRecord()), tallies: [] })
    expect(ring.evicted).toEqual({ requests: 1, records: 1, tallies: 0 })
    expect((await ring.aggregate({ ...ALWAYS, bucket: null }))[0]?.requests).toBe(50_000)

    const nothing = disabledStore()
    const recorder = createRecorder({ store: nothing })
    recorder.record([sampleRecord()])
    await recorder.flush()
    expect(recorder.stats()).toMatchObject({ requests: 1, recorded: 1 })
    expectAccounted(recorder)
    expect((await nothing.records(ALWAYS)).records).toEqual([])
  })

  it('18. a batch the database refuses is retried, then split until the culprit stands alone as record_failed', async () => {
    const { meter, points } = openSdk()
    const { recorder, store, memory, codes } = recording(inTurn(failing, failing), { meter })
    recorder.record([sampleRecord()])
    await recorder.flush()
    expect([store.attempts.length, codes()]).toEqual([3, ['store-unavailable', 'store-unavailable']])

    const requests = Array.from({ length: 5 }, () => sampleRecord())
    const culprit = requests[2]?.requestId as string
    store.behave(refusing([culprit]))
    for (const record of requests) recorder.record([record])
    expect(await points('withusage.requests')).toEqual([[{ account: 'recorded', endpoint: CHAT }, 1]])
    await recorder.flush()
    const unrecorded = { record_failed: 1 }
    expect(recorder.stats()).toEqual({ requests: 6, recorded: 5, unrecorded, ignored: {}, inFlight: 0 })
    const { records } = await memory.records(ALWAYS)
    expect([records.length, records.some(({ requestId }) => requestId === culprit)]).toEqual([5, false])
    expect(await points('withusage.requests')).toEqual([
      [{ account: 'recorded', endpoint: CHAT }, 5],
      [{ account: 'unrecorded', reason: 'record_failed', endpoint: CHAT }, 1],
    ])
  })

  it('19. aggregates by day, week, month and all, by user, by source and per key, and totals', async () => {
    const { recorder, memory } = recording()
    for (const record of SPENDING) recorder.record([record])
    await recorder.flush()
    const today = ['2026-03-31T00', 100]
    expect(await inPeriod(memory, PERIODS.day)).toEqual([['2026-03-31T10', 100]])
    expect(await inPeriod(memory, PERIODS.week)).toEqual([['2026-03-28T00', 200], today])
    expect(await inPeriod(memory, PERIODS.month)).toEqual([['2026-03-11T00', 400], ['2026-03-28T00', 200], today])
    expect(await inPeriod(memory, PERIODS.all)).toEqual([
      ['2026-01-01T00', 800],
      ['2026-03-01T00', 700],
    ])
    expect(await by(memory, 'userId')).toEqual([
      ['bob', 2, 1_200],
      ['ada', 2, 300],
    ])
    expect(await by(memory, 'source')).toEqual([
      ['apikey', 2, 900],
      ['legacy', 1, 400],
      ['web', 1, 200],
    ])
    expect(await by(memory, 'apiKeyId')).toEqual([
      ['k-2', 1, 800],
      [null, 2, 600],
      ['k-1', 1, 100],
    ])
    expect(await by(memory, 'apiKeyId', 1)).toEqual([['k-2', 1, 800]])
    const [totals] = await memory.aggregate({ ...ALWAYS, bucket: null })
    expect(totals).toMatchObject({ requests: 4, inputTokens: 1_500, outputTokens: 20, totalTokens: 1_520 })
  })

  it('20. the OpenAI, Anthropic, Ollama and rerank routes are read; an answer without usage is no_usage, never a number', async () => {
    const { store, wrap, records } = metering()
    const answers = new Map([...FAMILIES, ...WITHOUT_USAGE].map(({ path, answer }) => [path, answer]))
    const { read } = await serve(wrap(({ url }) => answers.get(new URL(url).pathname)?.() ?? json({})))
    for (const path of answers.keys()) await read(path)
    expect(told(await records(), 'endpoint', 'format', 'operation', 'inputTokens', 'outputTokens')).toEqual(
      sorted(FAMILIES.map(({ path, record }) => [path, ...record])),
    )
    const account = await store.account({ ...ALWAYS, bucket: null })
    const missed = account.filter(({ account }) => account !== 'recorded')
    expect(told(missed, 'endpoint', 'account', 'reason', 'requests')).toEqual(
      sorted(WITHOUT_USAGE.map(({ path }) => [path, 'unrecorded', 'no_usage', 1])),
    )
  })

  it('21. the whole body is not buffered: of 48 MiB next to nothing is held, and the usage at its end is read', async () => {
    const { wrap, record } = metering()
    const event = sseEvent({ object: 'chat.completion.chunk', choices: [{ delta: { content: 'x'.repeat(65_536) } }] })
    let sent = 0
    async function* words(): AsyncGenerator<Uint8Array> {
      for (; sent < 768; sent++) yield bytesOf(event)
      yield bytesOf(chatEvents().slice(-2).join(''))
    }
    const handler = wrap(() => sseFrom(words()))
    const before = heldBytes()
    const reader = readerOf(await handler(post()))
    let most = 0
    for (let read = 1; !(await reader.read()).done; read++)
      if (read % 64 === 0) most = Math.max(most, heldBytes() - before)
    expect(sent * event.length).toBeGreaterThan(48 * 1024 * 1024)
    expect(most).toBeLessThan(4 * 1024 * 1024)
    expect(await record()).toMatchObject({ inputTokens: 9, outputTokens: 5, evidence: 'body', final: true })
  })

  it('22. labels are bounded: no raw path and no user is one, and models past 500 are other', async () => {
    const { meter, points, collect } = openSdk()
    const { recorder } = recording(undefined, { meter })
    const handler = withUsage(({ url }) => json(chatCompletion({ model: `model${new URL(url).search}` })), {
      recorder,
      identify: ({ url }) => ({ user: { id: `user${new URL(url).search}` } }),
    })
    for (let request = 0; request < 600; request++)
      for (const path of [CHAT, '/ask'])
        await (await handler(post(`https://llm.test/tenant-${request}${path}?${request}`))).text()
    await recorder.flush()
    expect(await points('withusage.requests')).toEqual([
      [{ account: 'recorded', endpoint: CHAT }, 600],
      [{ account: 'recorded', endpoint: 'other' }, 600],
    ])
    const models = new Set((await points('withusage.tokens')).map(([{ served_model }]) => served_model))
    expect([models.size, models.has('other')]).toEqual([501, true])
    const labels = JSON.stringify((await collect()).flatMap(({ dataPoints }) => dataPoints.map((at) => at.attributes)))
    expect(labels).toContain('model?499')
    expect(labels).not.toMatch(/tenant|user|model\?5\d\d/)
  })

  it('23. prefill and draft tokens are what the server sends, or the stamp says, else null', async () => {
    const timings = { prompt_n: 3, predicted_n: 5, draft_n: 8 }
    const last = { object: 'chat.completion.chunk', choices: [], usage: chatCompletion().usage, timings }
    const sent = await recordOf(() => sse([...chatEvents().slice(0, -2), sseEvent(last), 'data: [DONE]\n\n']))
    expect(sent).toMatchObject({ inputTokens: 9, outputTokens: 5, prefillTokens: 3, draftTokens: 8 })
    const stamped = await recordOf(() => {
      stampUsage({ ...STAMP, prefillTokens: 60, draftTokens: 0 })
      return json({})
    })
    expect(stamped).toMatchObject({ inputTokens: 100, prefillTokens: 60, draftTokens: 0 })
    expect(await recordOf(() => sse(chatEvents()))).toMatchObject({ prefillTokens: null, draftTokens: null })
  })

  it('24. localUser() is the constant local: the same over restarts, instances and stores, with nothing to keep', async () => {
    expect(localUser()).toEqual({ id: 'local', name: 'local' })
    const store = memoryStore()
    for (let start = 0; start < 2; start++) {
      const recorder = createRecorder({ store })
      const { read } = await serve(withUsage(() => json(chatCompletion()), { recorder, fallbackUser: localUser() }))
      await read(CHAT)
      await recorder.close()
      expect(recorder.stats()).toMatchObject({ requests: 1, recorded: 1, inFlight: 0 })
      expectAccounted(recorder)
    }
    expect(await by(store, 'userId')).toEqual([['local', 2, 18]])
  })
})
