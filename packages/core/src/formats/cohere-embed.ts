import { readCohereLines } from './cohere-usage.ts'
import { defineFormat } from './format.ts'
import { object, text, type Wire } from './wire.ts'

interface EmbedSeen {
  responseId: string | null
  meta: Wire | null
}

/**
 * Cohere embeddings: `POST /v1/embed` and `/v2/embed`, one JSON document. Images are billed by the piece or by tokens.
 *
 * @see https://docs.cohere.com/reference/embed
 */
export const cohereEmbed = defineFormat<EmbedSeen>({
  name: 'cohere-embed',
  operation: 'embeddings',
  matches: ({ data, document }) => document && isEmbed(object(data)),
  start: () => ({ responseId: null, meta: null }),
  read: (_seen, { data }) => {
    const body = object(data)
    return { responseId: text(body?.id), meta: object(body?.meta) }
  },
  finish({ responseId, meta }) {
    const lines = readCohereLines(meta, { model: null, final: true })
    return { model: null, responseId, lines, raw: lines.length > 0 ? meta : null }
  },
})

/** Embeddings of one type are a list, those of several are lists by type. Behind Bedrock they come without `meta`. */
function isEmbed(body: Wire | null): boolean {
  return typeof body?.embeddings === 'object' && body.embeddings !== null && object(body.meta) !== null
}
