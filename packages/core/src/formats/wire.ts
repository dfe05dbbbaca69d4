/** An object of the wire. Only the fields we read have a meaning; the rest is the provider's business. */
export type Wire = Readonly<Record<string, unknown>>

/** The value if it is an object, not an array. */
export function object(value: unknown): Wire | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Wire) : null
}

/** The value if it is an array, else an empty one. */
export function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

/** The value if it is a text with something in it. */
export function text(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null
}

/** The value if it is a count: whole, not negative, exact in a double. */
export function count(value: unknown): number | null {
  return Number.isSafeInteger(value) && (value as number) >= 0 ? Math.abs(value as number) : null
}

/** True when something stands in the place of a count that is none: then nobody knows what the count is. */
export function isGarbled(value: unknown): boolean {
  return value !== undefined && value !== null && count(value) === null
}

/** True when a part of these counts is no object, or one of them is garbled. A part may be left out. */
export function isGarbledPart(part: unknown, counts: readonly string[]): boolean {
  if (part === undefined || part === null) return false
  const sent = object(part)
  return sent === null || counts.some((name) => isGarbled(sent[name]))
}

/** The first of several spellings that holds a count. */
export function firstCount(...values: readonly unknown[]): number | null {
  for (const value of values) {
    const known = count(value)
    if (known !== null) return known
  }
  return null
}

/** The sum of what is known; `null` when nothing is, or when the sum is no exact count any more. */
export function add(...counts: readonly (number | null)[]): number | null {
  const known = counts.filter((value) => value !== null)
  return known.length === 0 ? null : count(known.reduce((sum, value) => sum + value, 0))
}

/** Older than any API, or milliseconds: no time in seconds. */
const EARLIEST = Date.UTC(2015, 0, 1) / 1000
const LATEST = Date.UTC(2200, 0, 1) / 1000

/** A time in seconds since 1970, of which some servers send fractions; `null` for what cannot be one. */
export function unixTime(value: unknown): Date | null {
  return typeof value === 'number' && value >= EARLIEST && value <= LATEST ? new Date(Math.floor(value) * 1000) : null
}
