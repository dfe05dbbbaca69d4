import { hasCounts, NO_COUNTS, type TokenCounts, usageLine } from './accounting.ts'
import type { FormatReading, WatchedKey, WireEvent } from './format.ts'
import { isGarbledUsage, namesRemainder, readOpenAiUsage, readTimings } from './openai-usage.ts'
import { readProviderCost } from './provider-cost.ts'
import { count, isGarbledPart, list, object, text, type Wire } from './wire.ts'

/** What chat and legacy completions, and all who copy them, have said so far. */
export interface CompletionSeen {
  model: string | null
  responseId: string | null
  serviceTier: string | null
  /** The last usage object with counts: they are cumulative, never to be added up. */
  usage: Wire | null
  /** What that object counts. */
  counts: TokenCounts | null
  /** The last cost, which may come without counts. */
  providerCostNanoUsd: number | null
  /** llama.cpp's own counts. */
  timings: Wire | null
  /** Choices of which something was seen, and those that have named their reason to finish. */
  choices: number
  finishedChoices: number
  /** The last usage came when generation had ended. */
  settled: boolean
}

export const NOTHING_SEEN: CompletionSeen = {
  model: null,
  responseId: null,
  serviceTier: null,
  usage: null,
  counts: null,
  providerCostNanoUsd: null,
  timings: null,
  choices: 0,
  finishedChoices: 0,
  settled: false,
}

/** Folds one object or chunk. Usage comes on a last chunk without choices, on one with choices, or on every chunk. */
export function readCompletion(seen: CompletionSeen, event: WireEvent): CompletionSeen {
  const data = object(event.data)
  if (!data) return seen
  const found = usageOf(data)
  const usage = found?.usage
  const counted = found && hasCounts(found.counts) ? found : seen
  const timings = object(data.timings)
  const { choices, finishedChoices } = countChoices(seen, list(data.choices))
  const finished = choices > 0 && finishedChoices >= choices
  return {
    model: seen.model ?? text(data.model) ?? text(data.model_id),
    responseId: seen.responseId ?? text(data.id),
    serviceTier: text(data.service_tier) ?? text(usage?.service_tier) ?? seen.serviceTier,
    usage: counted.usage,
    counts: counted.counts,
    providerCostNanoUsd: (usage && readProviderCost(usage)) ?? seen.providerCostNanoUsd,
    timings: timings ?? seen.timings,
    choices,
    finishedChoices,
    settled: usage || timings ? finished || list(data.choices).length === 0 : seen.settled,
  }
}

/** Keys of which a chunk has at least one if it changes what was seen. Its usage may lie deeper; `cost` lies in it. */
const WATCHED: readonly WatchedKey[] = [
  { key: 'usage', unless: ['null'] },
  { key: 'timings', unless: ['null'] },
  { key: 'finish_reason', unless: ['null'] },
  { key: 'index', unless: ['0'] },
]

/** What was watched for last, as most streams have the same to tell: the same array is the same question. */
let lastWatched: {
  serviceTier: string | null
  model: boolean
  responseId: boolean
  keys: readonly WatchedKey[]
} | null = null

export function watchCompletion(seen: CompletionSeen): readonly WatchedKey[] {
  const { serviceTier } = seen
  const model = seen.model === null
  const responseId = seen.responseId === null
  const last = lastWatched
  if (last?.serviceTier === serviceTier && last.model === model && last.responseId === responseId) return last.keys
  const keys = [...WATCHED, { key: 'service_tier', unless: ['null', JSON.stringify(serviceTier)] }]
  if (model) keys.push({ key: 'model' }, { key: 'model_id' })
  if (responseId) keys.push({ key: 'id' })
  lastWatched = { serviceTier, model, responseId, keys }
  return keys
}

export function finishCompletion(seen: CompletionSeen, complete: boolean): FormatReading {
  const { model, responseId, serviceTier, usage, providerCostNanoUsd, timings } = seen
  const counts = countsOf(seen)
  const final = complete || seen.settled
  const garbled = usage ? isGarbledUsage(usage) : isGarbledPart(timings, ['cache_n', 'prompt_n', 'predicted_n'])
  const options = { generates: !(usage && counts && namesRemainder(usage, counts)), garbled }
  return {
    model,
    responseId,
    lines: counts ? [usageLine(counts, { model, final, serviceTier, providerCostNanoUsd }, options)] : [],
    raw: usage ?? timings,
    prefillTokens: count(timings?.prompt_n),
    draftTokens: count(timings?.draft_n),
  }
}

/** With several choices, usage is final only when the last of them has finished. A choice of a stream names its place. */
function countChoices(
  seen: CompletionSeen,
  chunk: readonly unknown[],
): Pick<CompletionSeen, 'choices' | 'finishedChoices'> {
  let { choices, finishedChoices } = seen
  for (const [at, entry] of chunk.entries()) {
    const choice = object(entry)
    choices = Math.max(choices, (count(choice?.index) ?? at) + 1)
    if (text(choice?.finish_reason) !== null) finishedChoices++
  }
  return { choices, finishedChoices }
}

function countsOf({ counts, timings }: CompletionSeen): TokenCounts | null {
  if (counts || !timings) return counts
  const timed = { ...NO_COUNTS, ...readTimings(timings) }
  return hasCounts(timed) ? timed : null
}

/** The usage of a chunk: its own, Groq's `x_groq.usage`, or Moonshot's, which lies in the choice. */
function usageOf(data: Wire): { usage: Wire; counts: TokenCounts } | null {
  return (
    countedUsage(data.usage) ??
    countedUsage(object(data.x_groq)?.usage) ??
    countedUsage(object(list(data.choices)[0])?.usage)
  )
}

/** A usage object with what it counts, if it says something. */
function countedUsage(value: unknown): { usage: Wire; counts: TokenCounts } | null {
  const usage = object(value)
  if (!usage) return null
  const counts = readOpenAiUsage(usage)
  return hasCounts(counts) || readProviderCost(usage) !== null ? { usage, counts } : null
}
