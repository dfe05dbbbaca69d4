import { UsageError } from '../errors.ts'

/** Every `\uXXXX` in JSON text that a database of Unicode text cannot hold, and the pair `\\` so that it is passed over. */
const UNSTORABLE_ESCAPE = /\\\\|\\u(?:0000|d[89a-f][0-9a-f]{2})/g

/** The text as every store keeps it: lone surrogates and NUL become U+FFFD. */
export function storableText(text: string): string {
  const whole = text.isWellFormed() ? text : text.toWellFormed()
  return whole.includes('\0') ? whole.replaceAll('\0', '\ufffd') : whole
}

/**
 * A JSON value as the text that every store keeps, with the text in it as by `storableText`; `null` for `null` and for
 * what JSON has no word for.
 *
 * @throws UsageError `record-refused` for a value that refers to itself, or holds a bigint
 */
export function storableJson(value: unknown): string | null {
  if (value === null || value === undefined) return null
  const json = stringify(value)
  if (json === undefined || json === 'null') return null
  return json.replace(UNSTORABLE_ESCAPE, (found) => (found === '\\\\' ? found : '\ufffd'))
}

function stringify(value: unknown): string | undefined {
  try {
    return JSON.stringify(value)
  } catch (cause) {
    throw new UsageError('record-refused', 'a record holds a value that is not JSON', { cause })
  }
}
