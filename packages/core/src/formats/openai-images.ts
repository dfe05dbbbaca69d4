import { defineFormat, type WireEvent } from './format.ts'
import { readOpenAiLines } from './openai-usage.ts'
import { list, object, text, type Wire } from './wire.ts'

interface ImagesSeen {
  model: string | null
  usage: Wire | null
  /** What was written to draw an SVG, by a model of its own. */
  svgUsage: Wire | null
}

/**
 * OpenAI images: `POST /v1/images/generations`, `/v1/images/edits` and `/v1/images/variations`, JSON or SSE.
 *
 * GPT image models count tokens, in a stream on its last event; models that are paid by the image tell of no usage. xAI
 * tells what it charged.
 *
 * @see https://platform.openai.com/docs/api-reference/images
 * @see https://docs.x.ai/docs/guides/image-generations
 */
export const openaiImages = defineFormat<ImagesSeen>({
  name: 'openai-images',
  operation: null,
  matches: (event) => isImages(event) || isImageEvent(object(event.data)),
  start: () => ({ model: null, usage: null, svgUsage: null }),
  read(seen, { data }) {
    const body = object(data)
    return {
      model: seen.model ?? text(body?.model),
      usage: object(body?.usage) ?? seen.usage,
      svgUsage: object(body?.svg_usage) ?? seen.svgUsage,
    }
  },
  finish({ model, usage, svgUsage }) {
    const lines = [
      ...readOpenAiLines(usage, { model, final: true }),
      ...readOpenAiLines(svgUsage, { model: text(svgUsage?.model), final: true }),
    ]
    const raw = svgUsage ? { usage, svg_usage: svgUsage } : usage
    return { model, responseId: null, lines, raw: lines.length > 0 ? raw : null }
  },
})

function isImages({ data, document }: WireEvent): boolean {
  const body = object(data)
  const image = object(list(body?.data)[0])
  return document && (typeof image?.b64_json === 'string' || typeof image?.url === 'string')
}

function isImageEvent(body: Wire | null): boolean {
  return typeof body?.type === 'string' && /^image_(generation|edit)\.(partial_image|completed)$/.test(body.type)
}
