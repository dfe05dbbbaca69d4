import { hasCounts, NO_COUNTS, type TokenCounts, usageLine } from './accounting.ts'
import type { FormatReading, WireEvent } from './format.ts'
import { readOpenAiUsage, readTimings } from './openai-usage.ts'
import { readProviderCost } from './provider-cost.ts'
import { count, list, object, rawOf, text, type Wire } from './wire.ts'

/** What chat and legacy completions, and all who copy them, have said so far. */
export interface CompletionSeen {
  model: string | null
  responseId: string | null
  serviceTier: string | null
  /** The last usage object with something in it: they are cumulative, never to be added up. */
  usage: Wire | null
  /** llama.cpp's own counts. */
  timings: Wire | null
  /** A choice has named its reason to finish. */
  finished: boolean
  /** The last usage came when generation had ended. */
  settled: boolean
}

export const NOTHING_SEEN: CompletionSeen = {
  model: null,
  responseId: null,
  serviceTier: null,
  usage: null,
  timings: null,
  finished: false,
  settled: false,
}

/** Folds one object or chunk. Usage comes on a last chunk without choices, on one with choices, or on every chunk. */
export function readCompletion(seen: CompletionSeen, event: WireEvent): CompletionSeen {
  const data = object(event.data)
  if (!data) return seen
  const usage = usageOf(data)
  const timings = object(data.timings)
  const finished = seen.finished || list(data.choices).some((choice) => text(object(choice)?.finish_reason) !== null)
  return {
    model: seen.model ?? text(data.model),
    responseId: seen.responseId ?? text(data.id),
    serviceTier: text(data.service_tier) ?? text(usage?.service_tier) ?? seen.serviceTier,
    usage: usage ?? seen.usage,
    timings: timings ?? seen.timings,
    finished,
    settled: usage || timings ? finished || list(data.choices).length === 0 : seen.settled,
  }
}

export function finishCompletion(seen: CompletionSeen, complete: boolean): FormatReading {
  const { model, responseId, serviceTier, usage, timings } = seen
  const counts = countsOf(seen)
  const final = complete || seen.settled
  const providerCostNanoUsd = usage ? readProviderCost(usage) : null
  return {
    model,
    responseId,
    lines: counts ? [usageLine(counts, { model, final, serviceTier, providerCostNanoUsd }, { generates: true })] : [],
    raw: rawOf(usage ?? timings),
    prefillTokens: count(timings?.prompt_n),
    draftTokens: count(timings?.draft_n),
  }
}

function countsOf({ usage, timings }: CompletionSeen): TokenCounts | null {
  if (usage) return readOpenAiUsage(usage)
  const counts = { ...NO_COUNTS, ...(timings && readTimings(timings)) }
  return hasCounts(counts) ? counts : null
}

/** The usage of a chunk: its own, Groq's `x_groq.usage`, or Moonshot's, which lies in the choice. */
function usageOf(data: Wire): Wire | null {
  const places = [data.usage, object(data.x_groq)?.usage, object(list(data.choices)[0])?.usage]
  return places.map(object).find((usage) => usage !== null && saysSomething(usage)) ?? null
}

function saysSomething(usage: Wire): boolean {
  return hasCounts(readOpenAiUsage(usage)) || readProviderCost(usage) !== null
}
