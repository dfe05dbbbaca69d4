interface InferenceRequest {
  model: string
  stream?: boolean
}

/**
 * What the mock cannot say: it counts 0 for embeddings and for Ollama, reports no cache and no reasoning tokens, and
 * never leaves a stream open. By path and model.
 */
export const answers: Record<string, ((request: InferenceRequest) => Response) | undefined> = {
  '/v1/embeddings text-embedding-3-small': ({ model }) =>
    Response.json({
      object: 'list',
      model,
      data: [{ object: 'embedding', index: 0, embedding: [0.25, -0.5] }],
      usage: { prompt_tokens: 17, total_tokens: 17 },
    }),

  '/v1/chat/completions gpt-5.4': ({ model }) =>
    Response.json({
      id: 'chatcmpl-reasoned',
      object: 'chat.completion',
      created: 1_790_000_000,
      model,
      choices: [{ index: 0, message: { role: 'assistant', content: 'It halts.' }, finish_reason: 'stop' }],
      usage: {
        prompt_tokens: 1_312,
        completion_tokens: 428,
        total_tokens: 1_740,
        prompt_tokens_details: { cached_tokens: 1_024 },
        completion_tokens_details: { reasoning_tokens: 384 },
      },
    }),

  '/v1/chat/completions gpt-endless': ({ model }) =>
    endless('text/event-stream', [
      sse(null, { id: 'chatcmpl-endless', object: 'chat.completion.chunk', model, choices: [delta('Once')] }),
      sse(null, { id: 'chatcmpl-endless', object: 'chat.completion.chunk', model, choices: [delta(' upon a time')] }),
    ]),

  '/v1/messages claude-sonnet-4-6': ({ model }) =>
    stream('text/event-stream', [
      messageStart(model, { input_tokens: 9, cache_read_input_tokens: 2_048, cache_creation_input_tokens: 256 }),
      ...textBlock('The cache remembers.'),
      sse('message_delta', { delta: { stop_reason: 'end_turn', stop_sequence: null }, usage: { output_tokens: 73 } }),
      sse('message_stop', {}),
    ]),

  '/v1/messages claude-endless': ({ model }) =>
    endless('text/event-stream', [
      messageStart(model, { input_tokens: 41 }),
      ...textBlock('Once upon a time').slice(0, 2),
    ]),

  '/api/chat llama3.2': ({ model, stream: streamed }) => {
    const counts = streamed ? { prompt_eval_count: 38, eval_count: 24 } : { prompt_eval_count: 33, eval_count: 19 }
    const line = (content: string, rest: object) => ({ model, message: { role: 'assistant', content }, ...rest })
    const last = { done: true, done_reason: 'stop', total_duration: 5_000_000, ...counts }
    if (!streamed) return Response.json(line('Hello from a llama.', last))
    return stream('application/x-ndjson', [ndjson(line('Hello', { done: false })), ndjson(line('', last))])
  },

  '/api/embed nomic-embed-text': ({ model }) =>
    Response.json({ model, embeddings: [[0.25, -0.5]], total_duration: 5_000_000, prompt_eval_count: 14 }),
}

const delta = (content: string) => ({ index: 0, delta: { content }, finish_reason: null })

/** The output count here is a placeholder, as Anthropic's is: the real one comes with `message_delta`. */
function messageStart(model: string, usage: object): string {
  const message = { id: `msg_${model}`, type: 'message', role: 'assistant', model, content: [], stop_reason: null }
  return sse('message_start', { message: { ...message, usage: { ...usage, output_tokens: 1 } } })
}

function textBlock(text: string): string[] {
  return [
    sse('content_block_start', { index: 0, content_block: { type: 'text', text: '' } }),
    sse('content_block_delta', { index: 0, delta: { type: 'text_delta', text } }),
    sse('content_block_stop', { index: 0 }),
  ]
}

const ndjson = (data: object) => `${JSON.stringify(data)}\n`

const sse = (name: string | null, data: object) =>
  name === null
    ? `data: ${JSON.stringify(data)}\n\n`
    : `event: ${name}\ndata: ${JSON.stringify({ type: name, ...data })}\n\n`

const stream = (contentType: string, chunks: readonly string[]) => respond(contentType, chunks, (open) => open.close())

/** Says no more after its chunks and never ends: whoever reads it leaves in the middle, without a race. */
const endless = (contentType: string, chunks: readonly string[]) => respond(contentType, chunks, () => {})

function respond(
  contentType: string,
  chunks: readonly string[],
  end: (open: ReadableStreamDefaultController) => void,
): Response {
  const body = new ReadableStream({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(new TextEncoder().encode(chunk))
      end(controller)
    },
  })
  return new Response(body, { headers: { 'content-type': contentType } })
}
