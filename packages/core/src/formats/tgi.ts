import { NO_COUNTS, usageLine } from './accounting.ts'
import { defineFormat, type WireEvent } from './format.ts'
import { add, count, isGarbled, object, type Wire } from './wire.ts'

/** The details of each answer: the last of a stream, those of a document. */
type DetailsSeen = readonly Wire[]

/**
 * Hugging Face Text Generation Inference: `POST /generate` and `/generate_stream`, JSON or SSE; `POST /` wraps the
 * document in a list. Its chat is OpenAI's.
 *
 * `details` must be asked for. They count what was generated; the input is counted in streams alone.
 *
 * @see https://huggingface.github.io/text-generation-inference/
 */
export const tgi = defineFormat<DetailsSeen>({
  name: 'tgi',
  operation: 'text_completion',
  matches: (event) => answersOf(event).some(isAnswer),
  start: () => [],
  read(seen, event) {
    const details = answersOf(event).map((answer) => object(answer.details))
    const found = details.filter((answer) => answer !== null)
    return found.length > 0 && found.length === details.length ? found.map(countsOf) : seen
  },
  finish(details) {
    const counts = {
      ...NO_COUNTS,
      inputTokens: sum(details, 'input_length'),
      outputTokens: sum(details, 'generated_tokens'),
    }
    const known = counts.inputTokens !== null || counts.outputTokens !== null
    const garbled = details.some((answer) => isGarbled(answer.input_length) || isGarbled(answer.generated_tokens))
    const lines = known ? [usageLine(counts, { model: null, final: true }, { garbled })] : []
    return { model: null, responseId: null, lines, raw: known ? { details } : null }
  },
})

/** Only a document is a list of answers. */
function answersOf({ data, document }: WireEvent): Wire[] {
  const answers = document && Array.isArray(data) ? data : [data]
  return answers.map((answer) => object(answer) ?? {})
}

function isAnswer(answer: Wire): boolean {
  if (!('generated_text' in answer)) return false
  return object(answer.token) !== null || 'generated_tokens' in (object(answer.details) ?? {})
}

function countsOf({ generated_tokens, input_length }: Wire): Wire {
  return { generated_tokens, input_length }
}

/** Several answers count as one only if each of them tells. */
function sum(details: DetailsSeen, field: string): number | null {
  const counts = details.map((answer) => count(answer[field]))
  return counts.includes(null) ? null : add(...counts)
}
