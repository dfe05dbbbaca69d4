import { usageLine } from './accounting.ts'
import { defineFormat } from './format.ts'
import { readUsageMetadata, saysUsage } from './gemini-usage.ts'
import { list, object, type Wire } from './wire.ts'

/**
 * Gemini embeddings: `POST …:embedContent` and `…:batchEmbedContents`, one JSON document, often without usage. The model
 * is in the path alone.
 *
 * @see https://ai.google.dev/api/embeddings
 */
export const geminiEmbeddings = defineFormat<Wire>({
  name: 'gemini-embeddings',
  operation: 'embeddings',
  matches: ({ data, document }) => document && isEmbeddings(object(data)),
  start: () => ({}),
  read: (_seen, { data }) => object(object(data)?.usageMetadata) ?? {},
  finish(usage) {
    const { counts, options } = readUsageMetadata(usage)
    const known = saysUsage({ counts, options })
    return {
      model: null,
      responseId: null,
      lines: known ? [usageLine(counts, { model: null, final: true }, options)] : [],
      raw: known ? usage : null,
    }
  },
})

function isEmbeddings(body: Wire | null): boolean {
  const first = object(body?.embedding) ?? object(list(body?.embeddings)[0])
  return Array.isArray(first?.values)
}
