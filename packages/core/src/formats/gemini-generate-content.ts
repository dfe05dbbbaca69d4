import { hasCounts, usageLine } from './accounting.ts'
import { defineFormat } from './format.ts'
import { readUsageMetadata, saysUsage } from './gemini-usage.ts'
import { count, list, object, text, type Wire } from './wire.ts'

interface GenerateContentSeen {
  model: string | null
  responseId: string | null
  /** The last that was said of each count. */
  usage: Wire
  /** Candidates of which something was seen, and those that have named their reason to finish. */
  candidates: number
  finishedCandidates: number
  /** The last usage came when generation had ended. */
  settled: boolean
}

const NOTHING_SEEN: GenerateContentSeen = {
  model: null,
  responseId: null,
  usage: {},
  candidates: 0,
  finishedCandidates: 0,
  settled: false,
}

/**
 * Gemini and Vertex: `POST …:generateContent`, JSON, and `…:streamGenerateContent`, SSE with `alt=sse` and a JSON array
 * without it.
 *
 * `usageMetadata` is on nearly every chunk and counts what there is so far, so the last one stands; a count that it
 * leaves out keeps its earlier value. Thoughts lie beside the candidates, tool-use prompts beside the prompt, cached
 * tokens inside it. There are no candidates to count when a prompt was blocked or only thought about.
 *
 * The tier is `serviceTier` in Gemini, `trafficType` in Vertex.
 *
 * @see https://ai.google.dev/api/generate-content
 * @see https://docs.cloud.google.com/vertex-ai/generative-ai/docs/model-reference/inference
 */
export const geminiGenerateContent = defineFormat<GenerateContentSeen>({
  name: 'gemini-generate-content',
  operation: 'generate_content',
  arrays: true,
  matches: ({ data }) => isGenerateContent(object(data)),
  start: () => NOTHING_SEEN,
  read(seen, { data }) {
    const body = object(data)
    return body && isGenerateContent(body) ? readChunk(seen, body) : seen
  },
  finish({ model, responseId, usage, settled }, complete) {
    const { counts, options } = readUsageMetadata(usage)
    if (!hasCounts(counts)) return { model, responseId, lines: [], raw: null }
    const serviceTier = text(usage.serviceTier) ?? text(usage.trafficType)
    const line = usageLine(counts, { model, final: complete || settled, serviceTier }, options)
    return { model, responseId, lines: [line], raw: usage }
  },
})

/** A chunk has candidates, or a verdict on the prompt, or usage alone; usage of a cached content is a total alone. */
function isGenerateContent(body: Wire | null): boolean {
  if (!body || 'embedding' in body || 'embeddings' in body) return false
  if (Array.isArray(body.candidates) || object(body.promptFeedback)) return true
  const usage = object(body.usageMetadata)
  return usage !== null && (saysUsage(readUsageMetadata(usage)) || text(usage.trafficType) !== null)
}

function readChunk(seen: GenerateContentSeen, body: Wire): GenerateContentSeen {
  const usage = usageOf(body)
  const { candidates, finishedCandidates } = countCandidates(seen, list(body.candidates))
  const finished = candidates > 0 ? finishedCandidates >= candidates : isBlocked(body)
  return {
    model: seen.model ?? text(body.modelVersion),
    responseId: seen.responseId ?? text(body.responseId),
    usage: usage ? mergeUsage(seen.usage, usage) : seen.usage,
    candidates,
    finishedCandidates,
    settled: usage ? finished : seen.settled,
  }
}

/** An empty object says nothing of what was counted. */
function usageOf(body: Wire): Wire | null {
  const usage = object(body.usageMetadata)
  return usage && Object.keys(usage).length > 0 ? usage : null
}

function countCandidates(
  seen: GenerateContentSeen,
  chunk: readonly unknown[],
): Pick<GenerateContentSeen, 'candidates' | 'finishedCandidates'> {
  let { candidates, finishedCandidates } = seen
  for (const [at, entry] of chunk.entries()) {
    const candidate = object(entry)
    candidates = Math.max(candidates, (count(candidate?.index) ?? at) + 1)
    if (candidate?.finishReason !== undefined) finishedCandidates++
  }
  return { candidates, finishedCandidates }
}

function isBlocked(body: Wire): boolean {
  return object(body.promptFeedback)?.blockReason !== undefined
}

/** A count, and its breakdown by modality. */
const BREAKDOWNS = [
  ['promptTokenCount', 'promptTokensDetails'],
  ['toolUsePromptTokenCount', 'toolUsePromptTokensDetails'],
  ['candidatesTokenCount', 'candidatesTokensDetails'],
  ['cachedContentTokenCount', 'cacheTokensDetails'],
] as const

/** What is said now over what was said before; the breakdown of a count that has changed since is none any more. */
function mergeUsage(before: Wire, usage: Wire): Wire {
  const merged: Record<string, unknown> = { ...before, ...usage }
  for (const field of Object.keys(usage)) if (!isSaid(usage[field])) merged[field] = before[field]
  for (const [field, breakdown] of BREAKDOWNS)
    if (merged[field] !== before[field] && !isSaid(usage[breakdown])) delete merged[breakdown]
  return merged
}

function isSaid(value: unknown): boolean {
  return value !== undefined && value !== null
}
