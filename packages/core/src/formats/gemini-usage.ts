import { hasCounts, NO_COUNTS, type TokenCounts } from './accounting.ts'
import { add, count, isGarbled, list, object, type Wire } from './wire.ts'

/** The counts that Google sends of one call, whatever it calls them. */
export interface GoogleUsage {
  prompt: unknown
  /** What tools gave back to the model: more prompt. */
  toolUse: unknown
  /** The answer. */
  candidates: unknown
  /** Thoughts, as a rule beside the answer. */
  thoughts: unknown
  /** A part of the prompt. */
  cached: unknown
  total: unknown
  /** `[{ modality: 'AUDIO', tokenCount: 7 }]` of the prompt, of what tools gave back, and of the answer. */
  promptDetails: unknown
  toolUseDetails: unknown
  candidatesDetails: unknown
}

/** What `usageLine` needs. */
export interface GoogleCounts {
  counts: TokenCounts
  options: { garbled: boolean; otherwise: readonly TokenCounts[] }
}

/**
 * Counts of a `usageMetadata` object of Gemini or Vertex.
 *
 * @see https://ai.google.dev/api/generate-content#UsageMetadata
 * @see https://docs.cloud.google.com/vertex-ai/generative-ai/docs/reference/rest/v1/GenerateContentResponse
 */
export function readUsageMetadata(usage: Wire): GoogleCounts {
  return readGoogleUsage({
    prompt: usage.promptTokenCount,
    toolUse: usage.toolUsePromptTokenCount,
    candidates: usage.candidatesTokenCount,
    thoughts: usage.thoughtsTokenCount,
    cached: usage.cachedContentTokenCount,
    total: usage.totalTokenCount,
    // Embeddings spell it without the s.
    promptDetails: usage.promptTokensDetails ?? usage.promptTokenDetails,
    toolUseDetails: usage.toolUsePromptTokensDetails,
    candidatesDetails: usage.candidatesTokensDetails,
  })
}

/** The sums. A part that was not sent is left out of its sum, one that is garbled leaves it unknown. */
export function readGoogleUsage(usage: GoogleUsage): GoogleCounts {
  const prompt = count(usage.prompt)
  const candidates = count(usage.candidates)
  const reasoningTokens = count(usage.thoughts)
  const isOutputGarbled = isGarbled(usage.candidates) || isGarbled(usage.thoughts)
  const input = [usage.promptDetails, usage.toolUseDetails]
  const counts: TokenCounts = {
    ...NO_COUNTS,
    inputTokens: prompt === null || isGarbled(usage.toolUse) ? null : add(prompt, count(usage.toolUse)),
    outputTokens: isOutputGarbled ? null : add(candidates, reasoningTokens),
    totalTokens: count(usage.total),
    cacheReadTokens: count(usage.cached),
    reasoningTokens,
    inputAudioTokens: tokensOf(AUDIO, input),
    outputAudioTokens: tokensOf(AUDIO, [usage.candidatesDetails]),
    inputImageTokens: tokensOf(IMAGE, input),
    outputImageTokens: tokensOf(IMAGE, [usage.candidatesDetails]),
  }
  // Some models have counted the thoughts among the candidates; only the total tells.
  const inside = candidates === null || reasoningTokens === null ? [] : [{ ...counts, outputTokens: candidates }]
  return { counts, options: { garbled: isGarbledUsage(usage), otherwise: inside } }
}

/** True when the counts, beside a total, say what a call has used. */
export function saysUsage({ counts }: GoogleCounts): boolean {
  return hasCounts({ ...counts, totalTokens: null })
}

/** Names of a modality: its word, and its number where enums are sent as numbers (`$alt=json;enum-encoding=int`). */
const AUDIO: readonly unknown[] = ['AUDIO', 'audio', 4]
const IMAGE: readonly unknown[] = ['IMAGE', 'image', 2]

/** Tokens of one modality over several breakdowns, `null` when none names it or one that does is garbled. */
function tokensOf(modality: readonly unknown[], breakdowns: readonly unknown[]): number | null {
  const sent = breakdowns
    .flatMap((breakdown) => list(breakdown).map((entry) => object(entry)))
    .filter((entry) => modality.includes(entry?.modality))
    .map(tokensIn)
  return breakdowns.some(isGarbledBreakdown) ? null : add(...sent.map(count))
}

/** `tokenCount` in Gemini, `tokens` in interactions. */
function tokensIn(entry: Wire | null): unknown {
  return entry?.tokenCount ?? entry?.tokens
}

function isGarbledUsage(usage: GoogleUsage): boolean {
  const { promptDetails, toolUseDetails, candidatesDetails, ...counts } = usage
  return (
    Object.values(counts).some(isGarbled) || [promptDetails, toolUseDetails, candidatesDetails].some(isGarbledBreakdown)
  )
}

function isGarbledBreakdown(breakdown: unknown): boolean {
  if (breakdown === undefined || breakdown === null) return false
  return !Array.isArray(breakdown) || breakdown.some(isGarbledEntry)
}

/** A modality is a word or a number; without one it is any. */
function isGarbledEntry(entry: unknown): boolean {
  const sent = object(entry)
  return sent === null || isGarbled(tokensIn(sent)) || (typeof sent.modality !== 'string' && isGarbled(sent.modality))
}
