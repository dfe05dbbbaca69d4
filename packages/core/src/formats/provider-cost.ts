import { count, object, type Wire } from './wire.ts'

const NANO_USD = 1_000_000_000
/** xAI: 10,000,000,000 ticks are one USD. */
const TICKS_PER_NANO_USD = 10

/** What the provider says it charged: `cost` in USD (OpenRouter), `cost.total_cost` (Perplexity), ticks (xAI). */
export function readProviderCost(usage: Wire): number | null {
  const dollars = typeof usage.cost === 'number' ? usage.cost : object(usage.cost)?.total_cost
  if (typeof dollars === 'number') return dollars < 0 ? null : count(Math.round(dollars * NANO_USD))
  const ticks = count(usage.cost_in_usd_ticks)
  return ticks === null ? null : Math.round(ticks / TICKS_PER_NANO_USD)
}
