import { type Fixture, LLMock } from '@copilotkit/aimock'
import { createRecorder, memoryStore, type UsageRecord, withUsage } from '@withusage/core'
import type { FetchHandler } from '@withusage/express'
import { expectStoredAccount } from '@withusage/testing'
import { describe, expect, it, onTestFinished } from 'vitest'
import { type ChangeBody, proxyOf, serve } from './support/proxy.ts'
import { outcome, SDKS, type Told } from './support/sdks.ts'

type Kind = 'whole' | 'stream'

/** What one client got, through one proxy or the other, and what was written down of it. */
interface Visit {
  bare: unknown
  wrapped: unknown
  /** `null` when the client failed, or was told nothing. */
  usage: Told['usage']
  records: readonly UsageRecord[]
  /** Requests without a record, by account and reason. */
  others: Record<string, number>
  /** How often the client asks when it is refused. */
  tries: number
}

type Visits = Record<string, Visit>

interface Chaos {
  /** The provider's. Default: it answers. */
  provider?: Omit<Fixture, 'match' | 'response'>
  /** The proxy's, of each answer. Default: it is passed on. */
  change?: ChangeBody
}

/** In the words of every wire, for each takes its own. */
const ANSWER = {
  id: 'answer_1',
  created: 1_700_000_000,
  content: 'Hello there, all of you',
  usage: {
    prompt_tokens: 21,
    completion_tokens: 8,
    input_tokens: 21,
    output_tokens: 8,
    promptTokenCount: 21,
    candidatesTokenCount: 8,
  },
}

/** Every SDK asks, each by proxies of its own, before one provider. */
async function visits(kinds: readonly Kind[], { provider = {}, change = (body) => body }: Chaos): Promise<Visits> {
  const mock = new LLMock({ host: '127.0.0.1', port: 0 })
  mock.on({}, ANSWER, provider)
  await mock.start()
  onTestFinished(() => mock.stop())
  const made = Object.entries(SDKS).flatMap(([name, sdk]) =>
    kinds.map(async (kind): Promise<[string, Visit]> => {
      const program = (url: string): Promise<Told> => sdk[kind]({ url, fetch })
      return [`${name}, ${kind}`, { ...(await visit(proxyOf(mock.url, change), program)), tries: sdk.retries + 1 }]
    }),
  )
  return Object.fromEntries(await Promise.all(made))
}

async function visit(proxy: FetchHandler, program: (url: string) => Promise<Told>): Promise<Omit<Visit, 'tries'>> {
  const store = memoryStore()
  const recorder = createRecorder({ store })
  const [bareUrl, wrappedUrl] = await Promise.all([serve(proxy), serve(withUsage(proxy, { recorder }))])
  const told = program(wrappedUrl)
  const [bare, wrapped] = await Promise.all([outcome(program(bareUrl)), outcome(told)])
  const usage = await told.then(
    (value) => value.usage,
    () => null,
  )
  await recorder.close()
  await expectStoredAccount(recorder, store)
  const { unrecorded, ignored } = recorder.stats()
  const { records } = await store.records({ from: new Date(0), to: new Date('2100-01-01') })
  return { bare: timeless(bare), wrapped: timeless(wrapped), usage, records, others: { ...unrecorded, ...ignored } }
}

/** Without what an answer, or its head, says of the clock, and the provider's number of the request. */
function timeless(seen: unknown): unknown {
  const told = JSON.stringify(seen, (key, value) =>
    /^date$|^x-request-id$|created_at$|_duration$/.test(key) ? undefined : value,
  )
  return JSON.parse(told)
}

/** Breaks the JSON of every event that says something. */
const garble: ChangeBody = (body) =>
  body
    .pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>)
    .pipeThrough(
      new TransformStream<string, string>({
        transform: (text, controller) => controller.enqueue(text.replaceAll('Hello', '"Hello')),
      }),
    )
    .pipeThrough(new TextEncoderStream())

/** One record, of what the client was told that it used. */
function answered({ usage, records, others }: Visit): void {
  const [inputTokens, outputTokens] = usage ?? []
  expect(inputTokens).toEqual(expect.any(Number))
  expect(records).toMatchObject([{ evidence: 'body', outcome: 'complete', final: true, inputTokens, outputTokens }])
  expect(others).toEqual({})
}

/** No record; each try of the client is a request that ended like this. */
const refused =
  (reason: string) =>
  ({ records, others, tries }: Visit): void => {
    expect(records).toEqual([])
    expect(others).toEqual({ [reason]: tries })
  }

function unreadable({ records, others }: Visit): void {
  expect(records).toEqual([])
  expect(others).toEqual({ unreadable_body: 1 })
}

/** A stream that broke: what the client had been told by then. Of these wires only Anthropic's begins with a count. */
function cutOff({ records, others }: Visit, client: string): void {
  const begun = client.startsWith('@anthropic-ai/sdk')
  expect(records).toMatchObject(begun ? [{ outcome: 'failed', final: false, inputTokens: 21, outputTokens: null }] : [])
  expect(others).toEqual(begun ? {} : { failed: 1 })
}

/** How far a client reads on after what it cannot read is its own affair: what is known is the provider's word. */
function neverWrong({ records, others }: Visit, client: string): void {
  expect(records.length + Object.keys(others).length).toBe(1)
  const [input, output] = client.startsWith('ollama') ? [0, 0] : [21, 8]
  for (const { inputTokens, outputTokens } of records) {
    expect([input, null]).toContain(inputTokens)
    expect([output, null]).toContain(outputTokens)
  }
  if (client.endsWith('whole')) expect(others).toEqual({ unreadable_body: 1 })
}

const BOTH: readonly Kind[] = ['whole', 'stream']
const SLOW = { streamingProfile: { ttft: 20, tps: 100 }, chunkSize: 1, chaos: { latencyMs: 50 } }

describe('A client of a wrapped proxy gets what it gets of a bare one, and the records say what it was told', () => {
  it.each<[provider: string, Chaos, readonly Kind[], (visit: Visit, client: string) => void]>([
    ['answers', {}, BOTH, answered],
    ['is slow, and says a letter at a time', { provider: SLOW }, BOTH, answered],
    ['drops every request', { provider: { chaos: { dropRate: 1 } } }, BOTH, refused('status_5xx')],
    ['limits the rate', { provider: { chaos: { rateLimitRate: 1 } } }, BOTH, refused('status_4xx')],
    ['disconnects before it answers', { provider: { chaos: { disconnectRate: 1 } } }, BOTH, refused('status_5xx')],
    ['answers what is no JSON', { provider: { chaos: { malformedRate: 1 } } }, BOTH, unreadable],
    [
      'disconnects in the middle of a stream',
      { provider: { truncateAfterChunks: 4, latency: 10, chunkSize: 2 } },
      ['stream'],
      cutOff,
    ],
    ['is garbled on the way', { change: garble }, BOTH, neverWrong],
  ])('of a provider that %s', async (_, chaos, kinds, expectRecords) => {
    const all = await visits(kinds, chaos)
    for (const [client, visit] of Object.entries(all)) {
      expect({ client, seen: visit.wrapped }).toEqual({ client, seen: visit.bare })
      expectRecords(visit, client)
    }
  })
})
