/** Bodies as providers send them, made up: the shape, the length and the cut of a chat of 200 pieces. */

export interface Body {
  contentType: string
  path: string
  chunks: readonly Uint8Array[]
}

const EVENTS = 200
const encode = (text: string): Uint8Array => new TextEncoder().encode(text)
export const word = (index: number): string =>
  [' the', ' model', ' writes', ' "quoted"', ' más', '.\n'][index % 6] as string

const sse = (path: string, events: readonly string[]): Body => ({
  contentType: 'text/event-stream; charset=utf-8',
  path,
  chunks: events.map(encode),
})

const event = (data: unknown, name?: string): string =>
  `${name ? `event: ${name}\n` : ''}data: ${JSON.stringify(data)}\n\n`

export function chatChunk(choices: unknown[], usage: unknown = null): string {
  return event({
    id: 'chatcmpl-BxWaL6Q0pXSy4nVYXuZKmC1TjQv5s',
    object: 'chat.completion.chunk',
    created: 1_790_000_000,
    model: 'gpt-5-mini-2025-08-07',
    service_tier: 'default',
    system_fingerprint: 'fp_44added55e',
    choices,
    usage,
    obfuscation: 'kX3vQ0aa9',
  })
}

export const delta = (content: string) => ({ index: 0, delta: { content }, logprobs: null, finish_reason: null })
const pieces = Array.from({ length: EVENTS }, (_, index) => word(index))

export const openaiUsage = {
  prompt_tokens: 1204,
  completion_tokens: EVENTS,
  total_tokens: 1204 + EVENTS,
  prompt_tokens_details: { cached_tokens: 1024, audio_tokens: 0 },
  completion_tokens_details: { reasoning_tokens: 64, audio_tokens: 0 },
}

const openaiChat = sse('/v1/chat/completions', [
  chatChunk([{ index: 0, delta: { role: 'assistant', content: '' }, logprobs: null, finish_reason: null }]),
  ...pieces.map((piece) => chatChunk([delta(piece)])),
  chatChunk([{ index: 0, delta: {}, logprobs: null, finish_reason: 'stop' }]),
  chatChunk([], openaiUsage),
  'data: [DONE]\n\n',
])

const message = { id: 'msg_01XFDUDYJgAACzvnptvVoYEL', type: 'message', role: 'assistant', model: 'claude-sonnet-5' }

const anthropicMessages = sse('/v1/messages', [
  event(
    { type: 'message_start', message: { ...message, content: [], usage: { input_tokens: 1204, output_tokens: 1 } } },
    'message_start',
  ),
  event({ type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } }, 'content_block_start'),
  ...pieces.map((text) =>
    event({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } }, 'content_block_delta'),
  ),
  event({ type: 'content_block_stop', index: 0 }, 'content_block_stop'),
  event(
    {
      type: 'message_delta',
      delta: { stop_reason: 'end_turn', stop_sequence: null },
      usage: { output_tokens: EVENTS },
    },
    'message_delta',
  ),
  event({ type: 'message_stop' }, 'message_stop'),
])

const response = { id: 'resp_68a1', object: 'response', created_at: 1_790_000_000, model: 'gpt-5-mini', output: [] }

const openaiResponses = sse('/v1/responses', [
  event(
    { type: 'response.created', response: { ...response, status: 'in_progress', usage: null } },
    'response.created',
  ),
  ...pieces.map((piece, index) =>
    event(
      {
        type: 'response.output_text.delta',
        sequence_number: index,
        item_id: 'msg_68a1f3',
        output_index: 0,
        content_index: 0,
        delta: piece,
        logprobs: [],
        obfuscation: 'kX3vQ0aa9',
      },
      'response.output_text.delta',
    ),
  ),
  event(
    {
      type: 'response.completed',
      response: {
        ...response,
        status: 'completed',
        usage: { input_tokens: 1204, output_tokens: EVENTS, total_tokens: 1404 },
      },
    },
    'response.completed',
  ),
])

const gemini = sse('/v1beta/models/gemini-3-flash:streamGenerateContent', [
  ...pieces.map((text, index) =>
    event({
      candidates: [{ content: { parts: [{ text }], role: 'model' }, index: 0 }],
      usageMetadata: {
        promptTokenCount: 1204,
        candidatesTokenCount: index + 1,
        totalTokenCount: 1205 + index,
        promptTokensDetails: [{ modality: 'TEXT', tokenCount: 1204 }],
      },
      modelVersion: 'gemini-3-flash',
      responseId: 'kq2LaOqVHJ2kvdIP4fWb4QY',
    }),
  ),
])

const ollama: Body = {
  contentType: 'application/x-ndjson',
  path: '/api/chat',
  chunks: [
    ...pieces.map((content) => ({ message: { role: 'assistant', content }, done: false })),
    { message: { role: 'assistant', content: '' }, done: true, prompt_eval_count: 1204, eval_count: EVENTS },
  ].map((line) => encode(`${JSON.stringify({ model: 'qwen3:8b', created_at: '2026-11-01T10:00:00.1Z', ...line })}\n`)),
}

function document(path: string, body: unknown, chunkBytes: number): Body {
  const bytes = encode(JSON.stringify(body))
  const starts = Array.from({ length: Math.ceil(bytes.length / chunkBytes) }, (_, index) => index * chunkBytes)
  const chunks = starts.map((start) => bytes.subarray(start, start + chunkBytes))
  return { contentType: 'application/json', path, chunks }
}

export const completion = (content: string) => ({
  id: 'chatcmpl-1',
  object: 'chat.completion',
  model: 'gpt-5-mini',
  choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }],
  usage: openaiUsage,
})

const vector = (index: number) => ({
  object: 'embedding',
  index,
  embedding: Array.from({ length: 1536 }, (_, at) => Math.sin(at + index) / 40),
})

const together = ({ chunks, ...body }: Body): Body => ({ ...body, chunks: [Buffer.concat(chunks)] })

export const BODIES: Readonly<Record<string, Body>> = {
  'openai-chat, SSE': openaiChat,
  'openai-chat, SSE in one chunk': together(openaiChat),
  'anthropic-messages, SSE': anthropicMessages,
  'openai-responses, SSE': openaiResponses,
  'gemini, SSE': gemini,
  'ollama, NDJSON': ollama,
  'openai-chat, JSON 1 KB': document('/v1/chat/completions', completion(pieces.slice(0, 80).join('')), 64 * 1024),
  'openai-chat, JSON 64 KB': document('/v1/chat/completions', completion(pieces.join('').repeat(60)), 16 * 1024),
  'openai-embeddings, JSON 2 MB': document(
    '/v1/embeddings',
    { object: 'list', data: Array.from({ length: 64 }, (_, index) => vector(index)), model: 'e-3', usage: openaiUsage },
    64 * 1024,
  ),
}
