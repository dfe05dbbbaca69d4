import { hasCounts, NO_COUNTS, usageLine } from './accounting.ts'
import { defineFormat } from './format.ts'
import { count, isGarbled, object, text, type Wire } from './wire.ts'

interface LlamaSeen {
  /** The last that was said of each count. */
  usage: Wire
  ended: boolean
}

/**
 * Meta Llama on Bedrock: `POST /model/{modelId}/invoke`, one JSON document, and `/invoke-with-response-stream`, whose
 * first event tells the prompt, and each one all that was generated so far. The model is in the path alone.
 *
 * @see https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-meta.html
 */
export const metaLlama = defineFormat<LlamaSeen>({
  name: 'meta-llama',
  operation: 'text_completion',
  matches: ({ data }) => isLlama(object(data)),
  start: () => ({ usage: {}, ended: false }),
  read(seen, { data, document }) {
    const body = object(data)
    if (!body) return seen
    return {
      usage: { ...seen.usage, ...usageOf(body) },
      ended: seen.ended || document || text(body.stop_reason) !== null,
    }
  },
  finish({ usage, ended }) {
    const counts = {
      ...NO_COUNTS,
      inputTokens: count(usage.prompt_token_count),
      outputTokens: count(usage.generation_token_count),
    }
    const options = { garbled: Object.values(usage).some(isGarbled) }
    return {
      model: null,
      responseId: null,
      lines: hasCounts(counts) ? [usageLine(counts, { model: null, final: ended }, options)] : [],
      raw: usage,
    }
  },
})

function isLlama(body: Wire | null): boolean {
  return typeof body?.generation === 'string' && 'generation_token_count' in body
}

function usageOf({ prompt_token_count, generation_token_count }: Wire): Wire {
  const said = Object.entries({ prompt_token_count, generation_token_count })
  return Object.fromEntries(said.filter(([, value]) => value !== undefined && value !== null))
}
