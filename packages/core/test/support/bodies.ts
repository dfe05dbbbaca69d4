import { ReadableStream as IterableStream } from 'node:stream/web'

const encoder = new TextEncoder()

export function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  return encoder.encode(text)
}

/** A body that gives one chunk for each pull, and nothing before. */
export function streamOf(chunks: Iterable<Uint8Array | string>): ReadableStream<Uint8Array> {
  const left = [...chunks]
  return new ReadableStream(
    {
      pull(controller) {
        const chunk = left.shift()
        if (chunk === undefined) controller.close()
        else controller.enqueue(typeof chunk === 'string' ? bytesOf(chunk) : chunk)
      },
    },
    { highWaterMark: 0 },
  )
}

/** What `ReadableStream.from` gives; the DOM's types do not know it yet. */
export function streamFrom(chunks: AsyncIterable<Uint8Array>): ReadableStream<Uint8Array> {
  return IterableStream.from(chunks) as ReadableStream<Uint8Array>
}

export function json(body: unknown, init: ResponseInit = {}): Response {
  const headers = new Headers(init.headers)
  if (!headers.has('content-type')) headers.set('content-type', 'application/json')
  return new Response(JSON.stringify(body), { ...init, headers })
}

/** A response of server-sent events. */
export function sse(chunks: Iterable<Uint8Array | string>, headers: Record<string, string> = {}): Response {
  return new Response(streamOf(chunks), { headers: { 'content-type': 'text/event-stream', ...headers } })
}

export function sseEvent(data: unknown, name?: string): string {
  return `${name === undefined ? '' : `event: ${name}\n`}data: ${JSON.stringify(data)}\n\n`
}

/** A chat completion of 9 and 5 tokens. */
export function chatCompletion(fields: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    id: 'chatcmpl-1',
    object: 'chat.completion',
    created: 1_700_000_000,
    model: 'qwen-7b',
    choices: [{ index: 0, message: { role: 'assistant', content: 'Hello' }, finish_reason: 'stop' }],
    usage: { prompt_tokens: 9, completion_tokens: 5, total_tokens: 14 },
    ...fields,
  }
}

/** The events of a streamed chat completion of 9 and 5 tokens, its usage at the end. */
export function chatEvents(words: readonly string[] = ['Hel', 'lo']): string[] {
  const chunk = (fields: Record<string, unknown>): string =>
    sseEvent({ id: 'chatcmpl-1', object: 'chat.completion.chunk', model: 'qwen-7b', ...fields })
  return [
    ...words.map((content) => chunk({ choices: [{ index: 0, delta: { content }, finish_reason: null }] })),
    chunk({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] }),
    chunk({ choices: [], usage: { prompt_tokens: 9, completion_tokens: 5, total_tokens: 14 } }),
    'data: [DONE]\n\n',
  ]
}
