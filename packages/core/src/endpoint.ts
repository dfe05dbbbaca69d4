import { cleanText, TEXT_LIMITS } from './text.ts'

/** Known API routes, longest first where one ends with another. */
const ROUTES = [
  '/v1/chat/completions',
  '/v1/completions',
  '/v1/embeddings',
  '/v1/responses/input_tokens',
  '/v1/responses/compact',
  '/v1/responses',
  '/v1/messages/count_tokens',
  '/v1/messages',
  '/v1/images/generations',
  '/v1/images/edits',
  '/v1/images/variations',
  '/v1/audio/transcriptions',
  '/v1/audio/translations',
  '/v1/audio/speech',
  '/v1/chat/moderations',
  '/v1/moderations',
  '/v1/threads/runs',
  '/v1/chat',
  '/v2/chat',
  '/v1/generate',
  '/v1/summarize',
  '/v1/classify',
  '/v1/embed',
  '/v2/embed',
  '/v1/rerank',
  '/v2/rerank',
  '/v1/score',
  '/api/chat',
  '/api/generate',
  '/api/embeddings',
  '/api/embed',
  '/chat/completions',
  '/completions',
  '/embeddings',
  '/responses',
  '/messages',
  '/images/generations',
  '/images/edits',
  '/audio/transcriptions',
  '/audio/translations',
  '/audio/speech',
  '/threads/runs',
  '/text/generation',
  '/text/generation_stream',
  '/text/chat',
  '/text/chat_stream',
  '/text/rerank',
  '/rerank',
  '/generate',
  '/generate_stream',
  '/v1beta/interactions',
  '/interactions',
] as const

/** Fetching what was made before: `GET /v1/responses/resp_123` bills a Response made in the background. */
const STORED_RESPONSE = /\/responses\/[^/]+(?:\/cancel)?$/

/** Runs of OpenAI's assistants: made, fetched, cancelled, or given what their tools answered. */
const THREAD_RUN = /\/threads\/[^/]+\/runs(?:\/[^/]+(\/submit_tool_outputs|\/cancel)?)?$/

/** Gemini's interactions, which are kept and fetched in the same way. */
const STORED_INTERACTION = /\/interactions\/[^/]+(?:\/cancel)?$/

/** Google's methods of a model, or of an endpoint that serves one: `/v1beta/models/gemini-2.5-flash:generateContent`. */
const MODEL_METHOD =
  /\/(?:models|tunedModels|endpoints)\/[^/:]+:(generateContent|streamGenerateContent|embedContent|batchEmbedContents|countTokens|computeTokens|predict|rawPredict|streamRawPredict)$/

/** Bedrock's operations on a model, whose ARN may hold a slash: `/model/amazon.nova-lite-v1:0/converse`. */
const MODEL_OPERATION = /\/model\/.+\/(converse|converse-stream|invoke|invoke-with-response-stream|count-tokens)$/

/** Routes that only count tokens: nobody is billed for them. */
const TOKEN_COUNTING =
  /(?:\/(?:de)?tokenize|\/tokenization|\/count_tokens|\/input_tokens|:countTokens|:computeTokens|\/count-tokens(?::rawPredict)?)$/

/** The pathname of a URL or path, without a trailing slash. Never throws: the input may be anything a client sent. */
export function pathOf(url: string): string {
  const afterOrigin = url.startsWith('/') ? url : url.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i, '')
  const end = afterOrigin.search(/[?#]/)
  const path = end < 0 ? afterOrigin : afterOrigin.slice(0, end)
  return path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path
}

/**
 * The route of a request, for records and labels. Never a raw path, which would be a label without a bound.
 *
 * @param named the `endpoint` option, or else the framework's route pattern
 */
export function endpointOf(path: string, named: string | undefined): string {
  return cleanText(named, TEXT_LIMITS.endpoint) ?? knownRoute(path) ?? 'other'
}

function knownRoute(path: string): string | undefined {
  const route = ROUTES.find((known) => path.endsWith(known))
  if (route) return route
  if (STORED_RESPONSE.test(path)) return '/v1/responses/{response_id}'
  if (STORED_INTERACTION.test(path)) return '/v1beta/interactions/{id}'
  const run = THREAD_RUN.exec(path)
  if (run && path.endsWith('/runs')) return '/v1/threads/{thread_id}/runs'
  if (run) return `/v1/threads/{thread_id}/runs/{run_id}${run[1] ?? ''}`
  const method = MODEL_METHOD.exec(path)?.[1]
  if (method) return `/models/{model}:${method}`
  const operation = MODEL_OPERATION.exec(path)?.[1]
  return operation && `/model/{modelId}/${operation}`
}

export function countsTokens(path: string): boolean {
  return TOKEN_COUNTING.test(path)
}
