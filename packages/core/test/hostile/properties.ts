import fc from 'fast-check'
import { currentUsage, stampUsage } from '../../src/context.ts'
import { bytesOf, chatCompletion, chatEvents, json, sse } from '../support/bodies.ts'
import { type Client, leaveAfter, readAll, readAndTransfer, readInto, readTwice } from './clients.ts'
import { MARKERS } from './markers.ts'
import { textOf, wireBodiesOfFixtures, withValue } from './mutations.ts'
import type { Scene } from './scene.ts'
import type { Played, Stage } from './stage.ts'

/** Something that holds whatever the input: the client is not harmed, and the law holds. */
export interface Property {
  name: string
  /** @throws Error with what was found */
  run(stage: Stage, options: { numRuns: number; seed: number }): Promise<void>
}

function property<T>(name: string, values: fc.Arbitrary<T>, sceneOf: (value: T) => () => Scene): Property {
  return {
    name,
    async run(stage, options) {
      const holds = fc.asyncProperty(values, async (value) => {
        const scene = sceneOf(value)
        const { harm, law, account, records }: Played = await stage.play({ scene })
        if (harm !== null) throw new Error(`harmed: ${harm}`)
        if (law !== null) throw new Error(`law: ${law}`)
        if (account === 'recorded' && records.length === 0) throw new Error('recorded without a record')
        if (account === 'nothing') throw new Error('not accounted for')
      })
      await fc.assert(holds, options)
    },
  }
}

const failure = new Error(MARKERS.failure)
const EVENTS = chatEvents(['Hel', MARKERS.completion])

const piece = fc.constantFrom(
  ...['\n', '\r', '\r\n', '\n\n', '\ufeff', ' ', ':', 'data', 'data:', 'data: ', 'event: error', 'id: 1', '[DONE]'],
  ...['{', '}', '[', ']', '"', '\\', '{"a":1}', '{"model":"m","done":true,"response":"","eval_count":5}', '\u0000'],
  ...[MARKERS.completion, MARKERS.prompt, ...EVENTS, JSON.stringify(chatCompletion({ note: MARKERS.completion }))],
)
const text = fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(''))
const bytes = fc.oneof(text.map(bytesOf), fc.uint8Array({ maxLength: 60 }))

/** What a stream enqueues, told so that every play can make its own. */
type Chunk = { kind: 'bytes' | 'words' | 'view' | 'shared' | 'text' | 'value'; of: Uint8Array }
const chunk: fc.Arbitrary<Chunk> = fc.record({
  kind: fc.oneof(
    { weight: 12, arbitrary: fc.constant('bytes' as const) },
    { weight: 1, arbitrary: fc.constantFrom('words', 'view', 'shared', 'text', 'value') },
  ),
  of: bytes,
})

function made({ kind, of }: Chunk): unknown {
  if (kind === 'words') return new Uint16Array(of.slice(0, of.length & ~1).buffer)
  if (kind === 'view') return new DataView(of.slice().buffer)
  if (kind === 'text') return new TextDecoder().decode(of)
  if (kind === 'value') return of.length
  if (kind === 'bytes') return of.slice()
  const shared = new Uint8Array(new SharedArrayBuffer(of.length))
  shared.set(of)
  return shared
}

const CLIENTS: readonly Client[] = [
  readAll,
  leaveAfter(0),
  leaveAfter(1, failure),
  leaveAfter(3),
  readTwice,
  readAndTransfer,
]

interface Exchange {
  chunks: Chunk[]
  ofBytes: boolean
  breaks: boolean
  contentType: string
  encoding: string
  status: number
  header: string
  client: number
  memory: number
}

const exchange: fc.Arbitrary<Exchange> = fc.record({
  chunks: fc.array(chunk, { maxLength: 8 }),
  ofBytes: fc.boolean(),
  breaks: fc.boolean(),
  contentType: fc.constantFrom(
    ...[
      'application/json',
      'text/event-stream',
      'application/x-ndjson',
      'text/plain',
      'image/png',
      '',
      ';;',
      'a/b;c=d',
    ],
  ),
  encoding: fc.constantFrom('', '', '', 'gzip', 'br', 'identity', 'zq'),
  status: fc.constantFrom(200, 200, 200, 201, 206, 299, 300, 400, 404, 500, 599),
  header: fc.string({ unit: fc.constantFrom(...'aé~ \u0085\u009b'), maxLength: 300 }),
  client: fc.nat({ max: CLIENTS.length - 1 }),
  memory: fc.integer({ min: 1, max: 90 }),
})

function streamOf({ chunks, ofBytes, breaks }: Exchange, told: unknown[]): ReadableStream {
  const sent = ofBytes ? chunks.map(({ of }) => of.slice()).filter(({ length }) => length > 0) : chunks.map(made)
  const source = {
    pull(controller: ReadableStreamDefaultController | ReadableByteStreamController) {
      if (sent.length > 0) return controller.enqueue(sent.shift() as never)
      if (breaks) return controller.error(failure)
      controller.close()
      if ('byobRequest' in controller) controller.byobRequest?.respond(0)
    },
    cancel: (reason: unknown) => void told.push(reason),
  }
  return ofBytes ? new ReadableStream({ ...source, type: 'bytes' }) : new ReadableStream(source, { highWaterMark: 0 })
}

function exchangeScene(of: Exchange): () => Scene {
  const headers = { 'content-type': of.contentType, 'content-encoding': of.encoding, 'x-correlation-id': of.header }
  const into = of.ofBytes && of.memory % 2 === 0
  const client = into ? readInto(of.memory) : (CLIENTS[of.client] as Client)
  return () => {
    const told: unknown[] = []
    return { handler: () => new Response(streamOf(of, told), { status: of.status, headers }), client, told }
  }
}

const FIXTURES = wireBodiesOfFixtures()

/** A fixture of which some events are others: nodes replaced, with private text among what replaces them. */
const spoilt = fc.record({
  fixture: fc.constantFrom(...FIXTURES),
  changes: fc.array(
    fc.record({
      event: fc.nat({ max: 40 }),
      steps: fc.array(fc.nat({ max: 12 }), { maxLength: 5 }),
      json: fc.oneof(fc.json({ maxDepth: 3 }), fc.constantFrom('"x', '{', '1e999', '-0', '\ufeff1')),
    }),
    { minLength: 1, maxLength: 4 },
  ),
})

type Spoilt = typeof spoilt extends fc.Arbitrary<infer T> ? T : never

function spoiltScene({ fixture, changes }: Spoilt): () => Scene {
  let { pieces } = fixture
  for (const { event, steps, json: other } of changes) {
    const at = event % pieces.length
    const old = pieces[at]?.event
    if (typeof old !== 'object' || old === null) continue
    pieces = pieces.with(at, { text: `${withValue(old, pathOf(old, steps), other)}\n`, event: undefined })
  }
  const body = textOf(pieces)
  return () => ({ handler: () => new Response(body, { headers: { 'content-type': fixture.contentType } }) })
}

function pathOf(value: unknown, [step, ...rest]: readonly number[]): string[] {
  if (step === undefined || typeof value !== 'object' || value === null) return []
  const names = Object.keys(value)
  const name = names[step % Math.max(1, names.length)]
  return name === undefined ? [] : [name, ...pathOf((value as Record<string, unknown>)[name], rest)]
}

const anything = fc.anything({
  maxDepth: 3,
  withBigInt: true,
  withDate: true,
  withMap: true,
  withNullPrototype: true,
  withObjectString: true,
  withSparseArray: true,
  withTypedArray: true,
  withUnicodeString: true,
  key: fc.oneof(fc.string(), fc.constantFrom('then', 'status', 'headers', 'body', 'user', 'id', 'tags', '__proto__')),
} as fc.ObjectConstraints)

const answer = fc.record({ how: fc.constantFrom('returns', 'throws', 'rejects'), value: anything })

function answerScene({ how, value }: { how: string; value: unknown }): () => Scene {
  const handler = (): unknown => {
    if (how === 'throws') throw value
    return how === 'rejects' ? Promise.reject(value) : value
  }
  return () => ({ handler })
}

/** Names of a stamp's and an identity's fields, with anything behind them. */
const fields = fc.dictionary(
  fc.constantFrom(
    ...['inputTokens', 'outputTokens', 'totalTokens', 'cacheReadTokens', 'reasoningTokens', 'model', 'servedModel'],
    ...['units', 'tags', 'provider', 'operation', 'responseId', 'correlationId', 'serviceTier', 'preFilterInputTokens'],
  ),
  fc.oneof(fc.nat(), anything),
)
const identity = fc.oneof(
  anything,
  fc.record({
    user: fc.oneof(anything, fc.record({ id: fc.oneof(fc.string({ unit: 'binary' }), anything) })),
    tags: anything,
  }),
)
const statements = fc.record({
  stamps: fc.array(fc.oneof(fields, anything), { maxLength: 3 }),
  identity,
  later: fc.boolean(),
})

function statementScene({ stamps, identity: who, later }: { stamps: unknown[]; identity: unknown; later: boolean }) {
  const attempt = (say: () => void): void => {
    try {
      say()
    } catch {
      // A bad stamp is thrown at its caller.
    }
  }
  const handler = (): Response => {
    for (const stamp of stamps) {
      attempt(() => stampUsage(stamp as never))
      attempt(() => currentUsage()?.add(stamp as never))
    }
    return later ? json(chatCompletion()) : sse(EVENTS)
  }
  const identify = (): never => (later ? Promise.resolve().then(() => who) : who) as never
  return (): Scene => ({ handler, options: { identify, fallbackUser: { id: 'house' } } })
}

const request = fc.record({
  url: fc.oneof(fc.webUrl({ withQueryParameters: true }), fc.string({ unit: 'binary' }), anything),
  method: fc.oneof(fc.constantFrom('POST', 'GET', 'HEAD', 'OPTIONS'), anything),
  headers: anything,
  signal: anything,
  broken: fc.subarray(['url', 'method', 'headers', 'signal']),
  status: fc.constantFrom(200, 404),
})

function requestScene({ broken, status, ...given }: { broken: string[]; status: number; url: unknown }): () => Scene {
  const asked = new Proxy(given, {
    get(target, name) {
      if (broken.includes(String(name))) throw failure
      return Reflect.get(target, name) as unknown
    },
  }) as unknown as Request
  return () => ({ handler: () => json(chatCompletion(), { status }), request: () => asked })
}

export const PROPERTIES: readonly Property[] = [
  property('streams, heads and clients of every kind', exchange, exchangeScene),
  property('fixtures with anything in any place', spoilt, spoiltScene),
  property('handlers that return or throw anything', answer, answerScene),
  property('stamps and identities of anything', statements, statementScene),
  property('requests that are anything', request, requestScene),
]
