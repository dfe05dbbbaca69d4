import type { UsageLine } from '../types.ts'
import { hasCounts, NO_COUNTS, usageLine } from './accounting.ts'
import { defineFormat, type WatchedKey } from './format.ts'
import { count, isGarbled, object, text, type Wire } from './wire.ts'

interface OllamaSeen {
  model: string | null
  /** `/api/generate` answers with text, `/api/chat` with a message. */
  operation: 'chat' | 'text_completion'
  /** The counts of the object that is `done`. */
  usage: Wire | null
}

const GENERATE: readonly WatchedKey[] = [{ key: 'done', unless: ['false'] }]
const CHAT: readonly WatchedKey[] = [...GENERATE, { key: 'response' }]

/**
 * Ollama: `POST /api/chat` and `/api/generate`, one JSON object or one a line, the last with `done: true`.
 *
 * `prompt_eval_count` is left out when the prompt was cached: unknown, not 0.
 *
 * @see https://docs.ollama.com/api
 */
export const ollama = defineFormat<OllamaSeen>({
  name: 'ollama',
  operation: null,
  matches: ({ data }) => isOllama(object(data)),
  start: () => ({ model: null, operation: 'chat', usage: null }),
  read(seen, { data }) {
    const body = object(data)
    if (!body || !isOllama(body)) return seen
    return {
      model: seen.model ?? text(body.model),
      operation: 'response' in body ? 'text_completion' : seen.operation,
      usage: (body.done === true ? usageOf(body) : null) ?? seen.usage,
    }
  },
  watch: ({ operation }) => (operation === 'chat' ? CHAT : GENERATE),
  finish({ model, operation, usage }) {
    return { model, operation, responseId: null, lines: usage ? readLines(usage, model) : [], raw: usage }
  },
})

function isOllama(body: Wire | null): boolean {
  if (typeof body?.done !== 'boolean' || typeof body.model !== 'string') return false
  return 'response' in body || 'message' in body || 'created_at' in body
}

function usageOf(body: Wire): Wire | null {
  const { prompt_eval_count, eval_count } = body
  if (count(prompt_eval_count) === null && count(eval_count) === null) return null
  return {
    ...(prompt_eval_count !== undefined && { prompt_eval_count }),
    ...(eval_count !== undefined && { eval_count }),
  }
}

function readLines(usage: Wire, model: string | null): UsageLine[] {
  const counts = {
    ...NO_COUNTS,
    inputTokens: count(usage.prompt_eval_count),
    outputTokens: count(usage.eval_count),
  }
  const garbled = Object.values(usage).some(isGarbled)
  return hasCounts(counts) ? [usageLine(counts, { model, final: true }, { garbled })] : []
}
