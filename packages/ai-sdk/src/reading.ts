import type { Reading } from '@withusage/core'
import { rawOf } from '@withusage/core/adapter-kit'
import { count, hasCounts, NO_COUNTS, object, type TokenCounts, text, usageLine } from '@withusage/core/format-kit'
import type { EmbedResult, GenerateResult, Part } from './sdk.ts'

/** The usage of a model that answered at once; `null` when the SDK does not know it. */
export function readGenerated({ usage, response }: GenerateResult, requestedModel: string): Reading | null {
  return reading({
    operation: 'chat',
    streamed: false,
    model: text(response?.modelId) ?? requestedModel,
    responseId: text(response?.id),
    counts: languageCounts(usage),
    final: true,
    raw: object(usage)?.raw,
  })
}

/** The usage at the end of a stream; `null` when the SDK does not know it. */
export function readStreamed(head: Part | null, finish: Part, requestedModel: string): Reading | null {
  return reading({
    operation: 'chat',
    streamed: true,
    model: text(head?.modelId) ?? requestedModel,
    responseId: text(head?.id),
    counts: languageCounts(finish.usage),
    final: isFinished(finish),
    raw: object(finish.usage)?.raw,
  })
}

/** The usage of an embedding; `null` when the SDK does not know it. */
export function readEmbedded({ usage, response }: EmbedResult, requestedModel: string): Reading | null {
  return reading({
    operation: 'embeddings',
    streamed: false,
    model: text(object(response?.body)?.model) ?? requestedModel,
    responseId: null,
    counts: { ...NO_COUNTS, inputTokens: count(object(usage)?.tokens) },
    final: true,
    raw: null,
  })
}

/** The SDK's totals hold their parts. */
function languageCounts(usage: unknown): TokenCounts {
  const input = object(object(usage)?.inputTokens)
  const output = object(object(usage)?.outputTokens)
  return {
    ...NO_COUNTS,
    inputTokens: count(input?.total),
    cacheReadTokens: count(input?.cacheRead),
    cacheWriteTokens: count(input?.cacheWrite),
    outputTokens: count(output?.total),
    reasoningTokens: count(output?.reasoning),
  }
}

/** Reasons for a stream to end which are not the provider's; it names its own beside them. */
const BROKEN_OFF: readonly unknown[] = ['interrupted', 'other', 'error']

/** A stream that broke off has no reason of its provider's: what was counted by then may not be all. */
function isFinished({ finishReason }: Part): boolean {
  const { unified, raw } = object(finishReason) ?? {}
  return text(raw) !== null || !BROKEN_OFF.includes(unified)
}

interface Read extends Pick<Reading, 'operation' | 'streamed' | 'model' | 'responseId' | 'raw'> {
  counts: TokenCounts
  final: boolean
}

function reading({ counts, final, raw, ...facts }: Read): Reading | null {
  if (!hasCounts(counts)) return null
  return {
    ...facts,
    format: null,
    lines: [usageLine(counts, { model: facts.model, final })],
    reason: null,
    raw: rawOf(raw),
    interrupted: !final,
    prefillTokens: null,
    draftTokens: null,
    replay: null,
  }
}
