/** Longest value kept, in UTF-16 units. */
export const TEXT_LIMITS = {
  id: 256,
  model: 256,
  name: 256,
  endpoint: 256,
  word: 64,
  tagKey: 64,
  tagValue: 256,
  tags: 32,
} as const

/** C0, DEL, C1, and the line separators that some log viewers break on. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is removed.
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g
const HAS_CONTROL = new RegExp(CONTROL, '')

/**
 * Text from outside, made safe to store and to log: no control characters, no lone surrogates, no longer than `limit`.
 * `null` for what is not text, or is empty after that.
 *
 * @param onCut called when the value was longer than `limit`
 */
export function cleanText(value: unknown, limit: number, onCut?: () => void): string | null {
  if (typeof value !== 'string' || value === '') return null
  if (value.length <= limit && !HAS_CONTROL.test(value) && value.isWellFormed()) return unattached(value)
  // Far past its limit the rest is not even looked at.
  const text = value.slice(0, LOOKED_AT * limit).replace(CONTROL, '')
  const long = text.length > limit || value.length > LOOKED_AT * limit
  if (long) onCut?.()
  return unattached((long ? text.slice(0, limit) : text).toWellFormed()) || null
}

/** Engines copy shorter slices. */
const LEAST_SLICE = 13

/** A slice keeps all of the text that it was cut from in memory: a header of 100 KB, for an id of 30 characters. */
function unattached(text: string): string {
  return text.length < LEAST_SLICE ? text : ` ${text}`.slice(1)
}

const LOOKED_AT = 8
