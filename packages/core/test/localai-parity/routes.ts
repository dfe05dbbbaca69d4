import { bytesOf, chatCompletion, json, sse, sseEvent, streamOf } from '../support/bodies.ts'

type Answer = () => Response

/** A message of 10 plain, 4 cached and 2 newly cached prompt tokens, and 7 of output. */
export const ANTHROPIC_MESSAGE = {
  id: 'msg_1',
  type: 'message',
  role: 'assistant',
  model: 'claude',
  content: [{ type: 'text', text: 'Hi' }],
  usage: { input_tokens: 10, cache_read_input_tokens: 4, cache_creation_input_tokens: 2, output_tokens: 7 },
}

/** A streamed message of 25 and 15 tokens: the counts come in two events, and in neither of the last line. */
export const ANTHROPIC_EVENTS: readonly string[] = [
  sseEvent(
    {
      type: 'message_start',
      message: { id: 'msg_1', type: 'message', model: 'claude', usage: { input_tokens: 25, output_tokens: 1 } },
    },
    'message_start',
  ),
  sseEvent({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'Hi' } }, 'content_block_delta'),
  sseEvent(
    { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 15 } },
    'message_delta',
  ),
  sseEvent({ type: 'message_stop' }, 'message_stop'),
]

const ollamaLines = (fields: Record<string, unknown>, counts: Record<string, number>): Answer => {
  const line = (rest: Record<string, unknown>): string =>
    `${JSON.stringify({ model: 'llama', created_at: '2026-03-10T12:00:00Z', ...fields, ...rest })}\n`
  return () =>
    new Response(streamOf([line({ done: false }), line({ done: true, ...counts })]), {
      headers: { 'content-type': 'application/x-ndjson' },
    })
}

interface Route {
  path: string
  answer: Answer
}

/** Routes that send usage, each with format, operation, input and output counts of its record. */
export const FAMILIES: readonly (Route & { record: [string, string | null, number | null, number | null] })[] = [
  { path: '/v1/chat/completions', answer: () => json(chatCompletion()), record: ['openai-chat', 'chat', 9, 5] },
  {
    path: '/v1/completions',
    answer: () =>
      json({
        object: 'text_completion',
        model: 'qwen-7b',
        choices: [{ index: 0, text: 'Hi', finish_reason: 'stop' }],
        usage: { prompt_tokens: 11, completion_tokens: 12, total_tokens: 23 },
      }),
    record: ['openai-completions', 'text_completion', 11, 12],
  },
  {
    path: '/v1/embeddings',
    answer: () =>
      json({
        object: 'list',
        model: 'embedder',
        data: [{ object: 'embedding', index: 0, embedding: [0.5] }],
        usage: { prompt_tokens: 13, total_tokens: 13 },
      }),
    record: ['openai-embeddings', 'embeddings', 13, null],
  },
  { path: '/v1/messages', answer: () => sse(ANTHROPIC_EVENTS), record: ['anthropic-messages', 'chat', 25, 15] },
  {
    path: '/api/chat',
    answer: ollamaLines({ message: { role: 'assistant', content: 'Hi' } }, { prompt_eval_count: 17, eval_count: 18 }),
    record: ['ollama', 'chat', 17, 18],
  },
  {
    path: '/api/generate',
    answer: ollamaLines({ response: 'Hi' }, { prompt_eval_count: 19, eval_count: 20 }),
    record: ['ollama', 'text_completion', 19, 20],
  },
  {
    path: '/api/embed',
    answer: () => json({ model: 'embedder', embeddings: [[0.5]], prompt_eval_count: 21 }),
    record: ['ollama-embed', 'embeddings', 21, null],
  },
  {
    path: '/v1/images/generations',
    answer: () =>
      json({
        created: 1_700_000_000,
        data: [{ url: 'https://llm.test/1.png' }],
        usage: { input_tokens: 40, output_tokens: 50, total_tokens: 90 },
      }),
    record: ['openai-images', null, 40, 50],
  },
  {
    path: '/v1/audio/transcriptions',
    answer: () => json({ text: 'Hello', usage: { type: 'duration', seconds: 3 } }),
    record: ['openai-transcription', null, null, null],
  },
  {
    path: '/v1/rerank',
    answer: () =>
      json({
        model: 'reranker',
        results: [{ index: 0, relevance_score: 0.9 }],
        usage: { prompt_tokens: 60, total_tokens: 60 },
      }),
    record: ['rerank', 'rerank', 60, null],
  },
]

/** Routes whose answers tell of no usage, one with numbers that look like usage of another format. */
export const WITHOUT_USAGE: readonly Route[] = [
  {
    path: '/v1/images/variations',
    answer: () => json({ created: 1_700_000_000, data: [{ url: 'https://llm.test/1.png' }] }),
  },
  {
    path: '/v1/audio/translations',
    answer: () => json({ text: 'Hello', usage: { prompt_tokens: 60, total_tokens: 60 } }),
  },
  {
    path: '/v1/audio/speech',
    answer: () => new Response(bytesOf('ID3'), { headers: { 'content-type': 'audio/mpeg' } }),
  },
]
