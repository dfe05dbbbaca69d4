/** What the servers under load answer, by the name in the path: made before the load, so that answering is all they do. */
import { EventStreamCodec } from '@smithy/eventstream-codec'
import { currentUsage, type UsageStamp } from '@withusage/core'
import { chatChunk, completion, delta, openaiUsage, word } from './streams.ts'

const text = new TextEncoder()

interface Answer {
  /** Of the route, after the name. */
  path: string
  respond(): Response
}

/** Chunks as a chat provider sends them, one event a chunk: so many of text, and the two at the end. */
export function chat(events: number): Uint8Array[] {
  const completion_tokens = events + openaiUsage.completion_tokens_details.reasoning_tokens
  const usage = { ...openaiUsage, completion_tokens, total_tokens: openaiUsage.prompt_tokens + completion_tokens }
  return [
    ...Array.from({ length: events }, (_, index) => chatChunk([delta(word(index))])),
    chatChunk([], usage),
    'data: [DONE]\n\n',
  ].map((event) => text.encode(event))
}

/** A Bedrock Converse stream: so many messages of text, and the metadata at the end. */
function converse(events: number): Uint8Array[] {
  const codec = new EventStreamCodec(String, (value) => text.encode(value))
  const message = (type: string, body: unknown): Uint8Array =>
    codec.encode({
      headers: {
        ':message-type': { type: 'string', value: 'event' },
        ':event-type': { type: 'string', value: type },
        ':content-type': { type: 'string', value: 'application/json' },
      },
      body: text.encode(JSON.stringify(body)),
    })
  return [
    message('messageStart', { role: 'assistant', p: 'abcdefgh' }),
    ...Array.from({ length: events }, (_, index) =>
      message('contentBlockDelta', { contentBlockIndex: 0, delta: { text: word(index) }, p: 'abcdefghijklm' }),
    ),
    message('messageStop', { stopReason: 'end_turn', p: 'abcd' }),
    message('metadata', {
      metrics: { latencyMs: 1200 },
      usage: { inputTokens: 1204, outputTokens: events, totalTokens: 1204 + events },
      p: 'abcdef',
    }),
  ]
}

/** A chat completion of about so many bytes of JSON. */
function documentOf(bytes: number): unknown {
  const empty = JSON.stringify(completion('')).length
  return completion('the model writes '.repeat(Math.ceil(bytes / 17)).slice(0, bytes - empty))
}

function streamOf(chunks: readonly Uint8Array[], beforeLast?: () => void): ReadableStream<Uint8Array> {
  let next = 0
  return new ReadableStream<Uint8Array>({
    pull(controller) {
      const bytes = chunks[next++]
      if (next === chunks.length) beforeLast?.()
      if (bytes) controller.enqueue(bytes)
      else controller.close()
    },
  })
}

/** As chunks come from a provider: each in a turn of the event loop of its own. The other streams have all at once. */
function pacedStreamOf(chunks: readonly Uint8Array[]): ReadableStream<Uint8Array> {
  let next = 0
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      await new Promise((resolve) => setImmediate(resolve))
      const bytes = chunks[next++]
      if (bytes) controller.enqueue(bytes)
      else controller.close()
    },
  })
}

/** What `fetch` gives: a stream of bytes. Its chunks are copies, for such a stream takes the memory of what it is given. */
function byteStreamOf(chunks: readonly Uint8Array[]): ReadableStream<Uint8Array> {
  let next = 0
  return new ReadableStream({
    type: 'bytes',
    pull(controller) {
      const bytes = chunks[next++]
      if (bytes) controller.enqueue(bytes.slice())
      else controller.close()
    },
  })
}

const EVENT_STREAM = { headers: { 'content-type': 'text/event-stream' } }
const CHAT = 'v1/chat/completions'
const STAMP: UsageStamp = { model: 'gpt-5-mini-2025-08-07', inputTokens: 1204, outputTokens: 200 }

const json = (bytes: number): Answer => {
  const document = documentOf(bytes)
  return { path: CHAT, respond: () => Response.json(document) }
}

const proxiedJson = (bytes: number): Answer => {
  const chunks = [text.encode(JSON.stringify(documentOf(bytes)))]
  const headers = { 'content-type': 'application/json' }
  return { path: CHAT, respond: () => new Response(byteStreamOf(chunks), { headers }) }
}

const sse = (events: number): Answer => {
  const chunks = chat(events)
  return { path: CHAT, respond: () => new Response(streamOf(chunks), EVENT_STREAM) }
}

const ssePaced = (events: number): Answer => {
  const chunks = chat(events)
  return { path: CHAT, respond: () => new Response(pacedStreamOf(chunks), EVENT_STREAM) }
}

const sseBytes = (events: number): Answer => {
  const chunks = chat(events)
  return { path: CHAT, respond: () => new Response(byteStreamOf(chunks), EVENT_STREAM) }
}

const aws = (events: number): Answer => {
  const chunks = converse(events)
  const headers = { 'content-type': 'application/vnd.amazon.eventstream' }
  return {
    path: 'model/anthropic.claude-sonnet-5/converse-stream',
    respond: () => new Response(streamOf(chunks), { headers }),
  }
}

/** Outside a metered request there is no handle, and nothing is stamped. */
const stamped = (bytes: number): Answer => {
  const document = documentOf(bytes)
  return {
    path: CHAT,
    respond() {
      currentUsage()?.stamp(STAMP)
      return Response.json(document)
    },
  }
}

/** What the stream says is not needed, but is read all the same: a stamp may still come. */
const stampedInStream = (events: number): Answer => {
  const chunks = chat(events)
  return {
    path: CHAT,
    respond() {
      const handle = currentUsage()
      return new Response(
        streamOf(chunks, () => handle?.stamp(STAMP)),
        EVENT_STREAM,
      )
    },
  }
}

const lazily = (make: () => Answer): (() => Answer) => {
  let made: Answer | undefined
  return () => (made ??= make())
}

/** Each is made when it is first asked for. */
export const ANSWERS = {
  'json-1k': lazily(() => json(1_000)),
  'json-64k': lazily(() => json(64_000)),
  'json-1m': lazily(() => json(1_000_000)),
  'json-1k-proxied': lazily(() => proxiedJson(1_000)),
  'json-1k-stamped': lazily(() => stamped(1_000)),
  'sse-20': lazily(() => sse(20)),
  'sse-200': lazily(() => sse(200)),
  'sse-2000': lazily(() => sse(2_000)),
  'sse-20000': lazily(() => sse(20_000)),
  'sse-200-bytes': lazily(() => sseBytes(200)),
  'sse-200-paced': lazily(() => ssePaced(200)),
  'sse-200-stamped': lazily(() => stampedInStream(200)),
  'aws-200': lazily(() => aws(200)),
} as const

export type AnswerName = keyof typeof ANSWERS

/** `/sse-200/v1/chat/completions`. */
export const pathOf = (name: AnswerName): string => `/${name}/${ANSWERS[name]().path}`

/** The handler that every server serves. */
export async function handler(request: Request): Promise<Response> {
  const begin = request.url.indexOf('/', 'https://'.length) + 1
  const name = request.url.slice(begin, request.url.indexOf('/', begin)) as AnswerName
  return ANSWERS[name]?.().respond() ?? new Response('no such answer', { status: 404 })
}
