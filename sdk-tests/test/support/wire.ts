/** An answer as it goes over the wire; each chunk is written by itself. */
export interface Answer {
  type: string
  chunks: readonly string[]
}

const json = (body: unknown): Answer => ({ type: 'application/json', chunks: [JSON.stringify(body)] })
const event = (data: unknown, name?: string): string =>
  `${name === undefined ? '' : `event: ${name}\n`}data: ${JSON.stringify(data)}\n\n`
const sse = (chunks: readonly string[]): Answer => ({ type: 'text/event-stream', chunks })
type Event = { type: string } & Record<string, unknown>
/** Anthropic and Cohere name each event by its type. */
const typed = (events: readonly Event[]): Answer => sse(events.map((one) => event(one, one.type)))

const OPENAI_USAGE = {
  prompt_tokens: 31,
  completion_tokens: 17,
  total_tokens: 48,
  prompt_tokens_details: { cached_tokens: 12 },
  completion_tokens_details: { reasoning_tokens: 5 },
}

function openai({ stream }: { stream?: boolean }): Answer {
  const common = { id: 'chatcmpl-7', created: 1_700_000_000, model: 'gpt-4o-mini-2024' }
  if (!stream) {
    const choice = { index: 0, message: { role: 'assistant', content: 'Hello' }, finish_reason: 'stop' }
    return json({ ...common, object: 'chat.completion', choices: [choice], usage: OPENAI_USAGE })
  }
  const chunk = (fields: object): string =>
    event({ ...common, object: 'chat.completion.chunk', usage: null, ...fields })
  return sse([
    chunk({ choices: [{ index: 0, delta: { role: 'assistant', content: 'Hel' }, finish_reason: null }] }),
    chunk({ choices: [{ index: 0, delta: { content: 'lo' }, finish_reason: 'stop' }] }),
    chunk({ choices: [], usage: OPENAI_USAGE }),
    'data: [DONE]\n\n',
  ])
}

function anthropic({ stream }: { stream?: boolean }): Answer {
  const message = { id: 'msg_7', type: 'message', role: 'assistant', model: 'claude-7', stop_sequence: null }
  const input = { input_tokens: 21, cache_read_input_tokens: 8, cache_creation_input_tokens: 4 }
  if (!stream)
    return json({
      ...message,
      content: [{ type: 'text', text: 'Hello' }],
      stop_reason: 'end_turn',
      usage: { ...input, output_tokens: 19 },
    })
  const start = { ...message, content: [], stop_reason: null, usage: { ...input, output_tokens: 1 } }
  return typed([
    { type: 'message_start', message: start },
    { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
    { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'Hello' } },
    { type: 'content_block_stop', index: 0 },
    { type: 'message_delta', delta: { stop_reason: 'end_turn', stop_sequence: null }, usage: { output_tokens: 19 } },
    { type: 'message_stop' },
  ])
}

function gemini(stream: boolean): Answer {
  const chunk = (text: string, output: number, thoughts: number): object => ({
    candidates: [{ content: { role: 'model', parts: [{ text }] }, index: 0, finishReason: 'STOP' }],
    usageMetadata: {
      promptTokenCount: 40,
      candidatesTokenCount: output,
      thoughtsTokenCount: thoughts,
      totalTokenCount: 40 + output + thoughts,
    },
    modelVersion: 'gemini-7-flash',
    responseId: 'gem-7',
  })
  return stream ? sse([event(chunk('Hel', 3, 6)), event(chunk('lo', 9, 6))]) : json(chunk('Hello', 9, 6))
}

function ollama({ stream }: { stream?: boolean }): Answer {
  const common = { model: 'llama-7', created_at: '2026-01-01T00:00:00Z' }
  const last = { done: true, done_reason: 'stop', total_duration: 5, prompt_eval_count: 26, eval_count: 14 }
  const say = (content: string): object => ({ ...common, message: { role: 'assistant', content } })
  if (!stream) return json({ ...say('Hello'), ...last })
  const lines = [
    { ...say('Hello'), done: false },
    { ...say(''), ...last },
  ]
  return { type: 'application/x-ndjson', chunks: lines.map((line) => `${JSON.stringify(line)}\n`) }
}

function cohere({ stream }: { stream?: boolean }): Answer {
  const usage = {
    billed_units: { input_tokens: 23, output_tokens: 11 },
    tokens: { input_tokens: 70, output_tokens: 11 },
  }
  const content = { type: 'text', text: 'Hello' }
  if (!stream)
    return json({ id: 'co-7', finish_reason: 'COMPLETE', message: { role: 'assistant', content: [content] }, usage })
  return typed([
    { type: 'message-start', id: 'co-7', delta: { message: { role: 'assistant', content: [] } } },
    { type: 'content-start', index: 0, delta: { message: { content: { type: 'text', text: '' } } } },
    { type: 'content-delta', index: 0, delta: { message: { content: { text: 'Hello' } } } },
    { type: 'content-end', index: 0 },
    { type: 'message-end', delta: { finish_reason: 'COMPLETE', usage } },
  ])
}

/** What the provider that owns the path answers. */
export function answerTo(path: string, body: { stream?: boolean }): Answer {
  if (path.endsWith('/chat/completions')) return openai(body)
  if (path.endsWith('/v1/messages')) return anthropic(body)
  if (path.includes(':streamGenerateContent')) return gemini(true)
  if (path.includes(':generateContent')) return gemini(false)
  if (path.endsWith('/api/chat')) return ollama(body)
  if (path.endsWith('/v2/chat')) return cohere(body)
  throw new Error(`nobody answers ${path}`)
}
