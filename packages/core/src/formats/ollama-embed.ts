import { NO_COUNTS, usageLine } from './accounting.ts'
import { defineFormat } from './format.ts'
import { count, object, text, type Wire } from './wire.ts'

interface EmbedSeen {
  model: string | null
  inputTokens: number | null
}

/**
 * Ollama embeddings: `POST /api/embed`, one JSON document.
 *
 * @see https://docs.ollama.com/api/embed
 */
export const ollamaEmbed = defineFormat<EmbedSeen>({
  name: 'ollama-embed',
  operation: 'embeddings',
  matches: ({ data, document }) => document && isEmbed(object(data)),
  start: () => ({ model: null, inputTokens: null }),
  read: (_seen, { data }) => {
    const body = object(data)
    return { model: text(body?.model), inputTokens: count(body?.prompt_eval_count) }
  },
  finish({ model, inputTokens }) {
    const known = inputTokens !== null
    return {
      model,
      responseId: null,
      lines: known ? [usageLine({ ...NO_COUNTS, inputTokens }, { model, final: true })] : [],
      raw: known ? { prompt_eval_count: inputTokens } : null,
    }
  },
})

function isEmbed(body: Wire | null): boolean {
  return Array.isArray(body?.embeddings) && typeof body.model === 'string' && !('usage' in body || 'meta' in body)
}
