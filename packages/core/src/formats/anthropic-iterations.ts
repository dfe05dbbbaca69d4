import { addCounts, hasCounts, type TokenCounts } from './accounting.ts'
import { isGarbledUsage, readAnthropicUsage } from './anthropic-usage.ts'
import { list, object, text, type Wire } from './wire.ts'

/** What one model did for a message. */
export interface ModelShare {
  model: string | null
  counts: TokenCounts
}

/** More models than any message has: then its iterations are not believed. */
const MOST_MODELS = 16

/**
 * Shares a message's bill among its models, the served one first. `usage.iterations` (compaction, fallback, advisor)
 * lists every sampling that is billed, and an iteration that names no model is the served one's; without the list the
 * usage object itself is the bill. A list of which a part cannot be read leaves the bill unknown.
 *
 * @see https://docs.claude.com/en/docs/build-with-claude/compaction
 */
export function shareByModel(usage: Wire, messageModel: string | null): ModelShare[] {
  if (isGarbledList(usage.iterations)) return []
  const iterations = list(usage.iterations)
    .map(object)
    .filter((iteration) => iteration !== null)
  const served = fallbackModel(iterations) ?? messageModel
  const shares = new Map<string | null, TokenCounts>()
  for (const iteration of iterations) {
    const counts = readAnthropicUsage(iteration)
    const model = text(iteration.model) ?? served
    const before = shares.get(model)
    if (hasCounts(counts)) shares.set(model, before ? addCounts(before, counts) : counts)
  }
  const top = readAnthropicUsage(usage)
  if (shares.size === 0 || shares.size > MOST_MODELS) return [{ model: messageModel, counts: top }]
  return servedFirst(shares, served, top.reasoningTokens)
}

function isGarbledList(iterations: unknown): boolean {
  if (iterations === undefined || iterations === null) return false
  return !Array.isArray(iterations) || iterations.map(object).some((entry) => entry === null || isGarbledEntry(entry))
}

/** Whose tokens they are must be readable too. */
function isGarbledEntry(iteration: Wire): boolean {
  const { model } = iteration
  return isGarbledUsage(iteration) || (model !== undefined && model !== null && typeof model !== 'string')
}

/** A blocked primary hands over to another model, which then is the one that served. */
function fallbackModel(iterations: readonly Wire[]): string | null {
  const fallback = iterations.findLast((iteration) => iteration.type === 'fallback_message')
  return text(fallback?.model)
}

function servedFirst(
  shares: Map<string | null, TokenCounts>,
  served: string | null,
  thinking: number | null,
): ModelShare[] {
  const own = shares.get(served)
  const others = [...shares].filter(([model]) => model !== served).map(([model, counts]) => ({ model, counts }))
  if (!own) return others
  return [{ model: served, counts: { ...own, reasoningTokens: own.reasoningTokens ?? thinking } }, ...others]
}
