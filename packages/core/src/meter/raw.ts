const RAW_LIMIT = 4096
const RAW_DEPTH = 8

/**
 * What may be kept of a usage object beside a record: its finite numbers and switches, and a word where a provider is
 * known to put one. Any other text, and a key that is no word, might be a prompt or an answer. `null` when that is more
 * than 4 KiB of JSON.
 */
export function rawOf(value: unknown): unknown {
  const budget = { left: RAW_LIMIT }
  try {
    const kept = keep(value, '', RAW_DEPTH, budget)
    if (kept === undefined || budget.left < 0) return null
    return JSON.stringify(kept).length <= RAW_LIMIT ? kept : null
  } catch {
    return null
  }
}

/** Fields of usage objects that hold a word of the provider's: `"TEXT"`, `"priority"`, `"fallback_message"`. */
const WORD_FIELDS = /^(?:type|modality|model|unit|speed|inference_geo|traffic_?type|service_?tier)$/i
const WORD = /^[\w.:/@-]{1,64}$/
const FIELD = /^[a-z]\w{0,63}$/i

function keep(value: unknown, field: string, depth: number, budget: { left: number }): unknown {
  if (--budget.left < 0) return undefined
  if (value === null || typeof value === 'boolean' || Number.isFinite(value)) return value
  if (typeof value === 'string') return WORD_FIELDS.test(field) && WORD.test(value) ? value : undefined
  if (typeof value !== 'object' || depth === 0) return undefined
  if (Array.isArray(value))
    return value.map((entry) => keep(entry, '', depth - 1, budget)).filter((entry) => entry !== undefined)
  const kept: [string, unknown][] = []
  for (const [name, entry] of Object.entries(value)) {
    const part = FIELD.test(name) ? keep(entry, name, depth - 1, budget) : undefined
    if (part !== undefined) kept.push([name, part])
  }
  return Object.fromEntries(kept)
}
