import { UsageError } from '../errors.ts'
import type { UsageRecord } from '../record.ts'
import type { Tally } from '../types.ts'
import { TEXT_FIELDS, type TextField } from './checks.ts'

/** Every `\uXXXX` in JSON text that a database of Unicode text cannot hold, and the pair `\\` so that it is passed over. */
const UNSTORABLE_ESCAPE = /\\\\|\\u(?:0000|d[89a-f][0-9a-f]{2})/g

/** The text as every store keeps it: lone surrogates and NUL become U+FFFD. */
export function storableText(text: string): string {
  return isStorableText(text) ? text : text.toWellFormed().replaceAll('\0', '\ufffd')
}

function isStorableText(text: string): boolean {
  return text.isWellFormed() && !text.includes('\0')
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
  if (!json.includes('\\')) return json
  return json.replace(UNSTORABLE_ESCAPE, (found) => (found === '\\\\' ? found : '\ufffd'))
}

function stringify(value: unknown): string | undefined {
  try {
    return JSON.stringify(value)
  } catch (cause) {
    throw new UsageError('record-refused', 'a record holds a value that is not JSON', { cause })
  }
}

/**
 * A copy of a record that `checkRecord` has passed, as every store keeps it; it shares nothing with the original.
 *
 * @throws UsageError `record-refused` when `raw` is not JSON
 */
export function storableRecord(record: UsageRecord): UsageRecord {
  const copy = {
    ...record,
    createdAt: new Date(record.createdAt),
    tags: Object.keys(record.tags).length > 0 ? (copyJson(record.tags) as UsageRecord['tags']) : {},
    units: copyJson(record.units),
    raw: copyJson(record.raw),
  }
  for (const field of TEXT_FIELDS) {
    const text = copy[field]
    if (typeof text === 'string' && !isStorableText(text)) replaceText(copy, field, storableText(text))
  }
  return copy
}

function replaceText(record: Record<TextField, string | null>, field: TextField, text: string): void {
  record[field] = text
}

/** A copy of a tally that `checkTally` has passed, as every store keeps it. */
export function storableTally(tally: Tally): Tally {
  const { instanceId, slot, endpoint } = tally
  return {
    ...tally,
    instanceId: storableText(instanceId),
    slot: new Date(slot),
    endpoint: storableText(endpoint),
  }
}

function copyJson<Value>(value: Value): Value | null {
  const json = storableJson(value)
  return json === null ? null : JSON.parse(json)
}
