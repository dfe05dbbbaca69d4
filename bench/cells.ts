import { createRecorder, memoryStore, withUsage } from '@withusage/core'

export type Handler = (request: Request) => Promise<Response>

const encoder = new TextEncoder()
const EVENTS = 200

const chunk = (choices: unknown, usage: unknown): string =>
  `data: ${JSON.stringify({ id: 'chatcmpl-BnchBnchBnchBnchBnchBnch01', object: 'chat.completion.chunk', created: 1_790_000_000, model: 'gpt-4o-mini-2024-07-18', service_tier: 'default', system_fingerprint: 'fp_0123456789', choices, usage })}\n\n`

/** 200 chunks with text, the usage chunk that `include_usage` asks for, and the end. */
const STREAM: readonly Uint8Array[] = [
  ...Array.from({ length: EVENTS }, (_, index) =>
    chunk([{ index: 0, delta: { content: ` word${index}` }, logprobs: null, finish_reason: null }], null),
  ),
  chunk([], { prompt_tokens: 812, completion_tokens: EVENTS, total_tokens: 812 + EVENTS }),
  'data: [DONE]\n\n',
].map((text) => encoder.encode(text))

const DOCUMENT = {
  id: 'chatcmpl-BnchBnchBnchBnchBnchBnch02',
  object: 'chat.completion',
  created: 1_790_000_000,
  model: 'gpt-4o-mini-2024-07-18',
  choices: [
    { index: 0, message: { role: 'assistant', content: 'word '.repeat(120), refusal: null }, finish_reason: 'stop' },
  ],
  usage: {
    prompt_tokens: 812,
    completion_tokens: 120,
    total_tokens: 932,
    prompt_tokens_details: { cached_tokens: 512, audio_tokens: 0 },
    completion_tokens_details: { reasoning_tokens: 0, audio_tokens: 0 },
  },
  service_tier: 'default',
}

async function json(): Promise<Response> {
  return Response.json(DOCUMENT)
}

async function sse(): Promise<Response> {
  let next = 0
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      const bytes = STREAM[next++]
      if (bytes) controller.enqueue(bytes)
      else controller.close()
    },
  })
  return new Response(body, { headers: { 'content-type': 'text/event-stream' } })
}

/** The least that a wrapper which sees every chunk can do: it reads the body and passes it on. */
function readThroughDoingNothing(handler: Handler): Handler {
  return async (request) => {
    const response = await handler(request)
    if (!response.body) return response
    const reader = response.body.getReader()
    const body = new ReadableStream<Uint8Array>(
      {
        async pull(controller) {
          const { done, value } = await reader.read()
          if (done) controller.close()
          else controller.enqueue(value)
        },
        cancel: (reason) => reader.cancel(reason),
      },
      { highWaterMark: 0 },
    )
    return new Response(body, response)
  }
}

/** What a user gets who only writes `withUsage(handler)`: the memory store and the local user. */
const recorder = createRecorder({ store: memoryStore() })
const metered = (handler: Handler): Handler => withUsage(handler, { recorder })

export const HANDLERS: Record<string, Handler> = { json, sse }

export const WAYS: Record<string, (handler: Handler) => Handler> = {
  bare: (handler) => handler,
  'no-op': readThroughDoingNothing,
  metered,
}
