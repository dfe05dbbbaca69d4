import type { Wire } from '../formats/wire.ts'

const RAW_LIMIT = 4096
const RAW_DEPTH = 8

/**
 * What may be kept of a usage object beside a record: its finite numbers and switches, and a word where a provider is
 * known to put one. Any other text, and a key that is no word, might be a prompt or an answer. `null` when that is more
 * than 4 KiB of JSON.
 */
export function rawOf(value: unknown): unknown {
  const budget = { values: RAW_LIMIT, length: RAW_LIMIT }
  try {
    const kept = keep(value, '', RAW_DEPTH, budget)
    if (kept === undefined || budget.values < 0) return null
    return budget.length >= 0 || JSON.stringify(kept).length <= RAW_LIMIT ? kept : null
  } catch {
    return null
  }
}

interface Budget {
  /** How many values may still be looked at. */
  values: number
  /** As many characters are left, of what is kept, at least. */
  length: number
}

/** Fields of usage objects that hold a word of the provider's: `"TEXT"`, `"priority"`, `"fallback_message"`. */
const WORD_FIELDS = /^(?:type|modality|model|unit|speed|inference_geo|traffic_?type|service_?tier)$/i
const WORD = /^[\w.:/@-]{1,64}$/
const FIELD = /^[a-z]\w{0,63}$/i

/** No number takes more, nor do the signs around a value. */
const VALUE_LENGTH = 32

function keep(value: unknown, field: string, depth: number, budget: Budget): unknown {
  if (--budget.values < 0) return undefined
  budget.length -= field.length + VALUE_LENGTH
  if (value === null || typeof value === 'boolean' || Number.isFinite(value)) return value
  if (typeof value === 'string') return keepWord(value, field, budget)
  if (typeof value !== 'object' || depth === 0) return undefined
  if (Array.isArray(value))
    return value.map((entry) => keep(entry, '', depth - 1, budget)).filter((entry) => entry !== undefined)
  const kept: Record<string, unknown> = {}
  for (const name of Object.keys(value)) {
    const part = FIELD.test(name) ? keep((value as Wire)[name], name, depth - 1, budget) : undefined
    if (part !== undefined) kept[name] = part
  }
  return kept
}

function keepWord(word: string, field: string, budget: Budget): string | undefined {
  if (!WORD_FIELDS.test(field) || !WORD.test(word)) return undefined
  budget.length -= word.length
  return word
}
