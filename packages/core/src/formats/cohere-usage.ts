import type { UsageLine, UsageUnits } from '../types.ts'
import { hasCounts, NO_COUNTS, type TokenCounts, usageLine } from './accounting.ts'
import { add, count, isGarbled, object, type Wire } from './wire.ts'

/**
 * The line of a Cohere usage object: `usage` in v2, `meta` in v1 and beside embeddings and rankings.
 *
 * `billed_units` is what is charged. `tokens` counts more, what Cohere adds to a prompt and an answer by itself, so it
 * stands only where no tokens are billed. The two are never mixed: `cached_tokens` is a part of `tokens` alone.
 *
 * @see https://docs.cohere.com/docs/how-does-cohere-pricing-work
 */
export function readCohereLines(usage: Wire | null, rest: Pick<UsageLine, 'model' | 'final'>): UsageLine[] {
  const billed = part(usage?.billed_units)
  const used = part(usage?.tokens)
  if (!usage || !billed || !used) return []
  const { counts, sent } = billsTokens(billed) ? readBilled(billed, used) : readUsed(used, usage)
  const units = readUnits(billed)
  const garbled = [...sent, billed.search_units, billed.images, billed.classifications].some(isGarbled)
  return hasCounts(counts) || units ? [usageLine(counts, { ...rest, units }, { garbled })] : []
}

/** Counts, and what was sent in their places. */
interface Read {
  counts: TokenCounts
  sent: readonly unknown[]
}

/** An absent part is an empty one; one that is no object leaves open what was charged. */
function part(value: unknown): Wire | null {
  return value === undefined || value === null ? {} : object(value)
}

function billsTokens({ input_tokens, output_tokens, image_tokens }: Wire): boolean {
  return [input_tokens, output_tokens, image_tokens].some((sent) => sent !== undefined && sent !== null)
}

/** Image tokens have a price of their own and are billed beside those of the text. */
function readBilled({ input_tokens, output_tokens, image_tokens }: Wire, { reasoning_tokens }: Wire): Read {
  const text = count(input_tokens)
  return {
    counts: {
      ...NO_COUNTS,
      inputTokens: text === null || isGarbled(image_tokens) ? null : add(text, count(image_tokens)),
      inputImageTokens: count(image_tokens),
      outputTokens: count(output_tokens),
      reasoningTokens: count(reasoning_tokens),
    },
    sent: [input_tokens, output_tokens, image_tokens, reasoning_tokens],
  }
}

function readUsed(used: Wire, { cached_tokens }: Wire): Read {
  const { input_tokens, output_tokens, image_tokens, reasoning_tokens } = used
  return {
    counts: {
      ...NO_COUNTS,
      inputTokens: count(input_tokens),
      inputImageTokens: count(image_tokens),
      outputTokens: count(output_tokens),
      reasoningTokens: count(reasoning_tokens),
      cacheReadTokens: count(cached_tokens),
    },
    sent: [input_tokens, output_tokens, image_tokens, reasoning_tokens, cached_tokens],
  }
}

/** What is billed beside tokens, or in their place. */
function readUnits(billed: Wire): UsageUnits | null {
  const searchUnits = count(billed.search_units)
  const images = count(billed.images)
  const classifications = count(billed.classifications)
  if (searchUnits === null && images === null && classifications === null) return null
  return {
    ...(searchUnits !== null && { searchUnits }),
    ...(images !== null && { images }),
    ...(classifications !== null && { classifications }),
  }
}
