import { createMeter } from '../../src/meter/create-meter.ts'
import { TOKEN_FIELDS, type TokenField } from '../../src/record.ts'
import type { Reading } from '../../src/types.ts'
import { textOf, type WireBody } from './mutations.ts'

/** The counts that may be read from a body of which something is spoilt. */
export type TrueCounts = Readonly<Record<TokenField, ReadonlySet<number>>>

export function readingOf(body: string, contentType: string): Reading {
  const meter = createMeter({ headers: new Headers({ 'content-type': contentType }) })
  meter.write(new TextEncoder().encode(body))
  return meter.end()
}

/**
 * What a provider has said in a body: the counts of the whole, of every beginning of it, and of the whole without one
 * of its events, for an event that cannot be read says nothing.
 */
export function trueCounts({ pieces, contentType }: WireBody): TrueCounts {
  const counts = Object.fromEntries(TOKEN_FIELDS.map((field) => [field, new Set<number>()]))
  const bodies = [textOf(pieces)]
  for (let at = 0; at < pieces.length; at++) bodies.push(textOf(pieces.slice(0, at)), textOf(pieces.toSpliced(at, 1)))
  for (const body of bodies)
    for (const line of readingOf(body, contentType).lines)
      for (const field of TOKEN_FIELDS) if (line[field] !== null) counts[field]?.add(line[field])
  return counts as unknown as TrueCounts
}

/**
 * The counts of a reading that are neither true nor sent, `null` when there is none. A number that was sent under the
 * count's own name, but is not all of it, must not be called consistent.
 */
export function inventedCount(reading: Reading, sent: TrueCounts): string | null {
  for (const line of reading.lines) {
    for (const field of TOKEN_FIELDS) {
      const count = line[field]
      if (count === null || sent[field].has(count)) continue
      const asSent = !line.consistent && numbersIn(reading.raw).includes(count)
      const sum = field === 'totalTokens' && count === (line.inputTokens ?? 0) + (line.outputTokens ?? 0)
      if (!asSent && !sum) return `${field} ${count}, not ${[...sent[field]].join(' or ') || 'unknown'}`
    }
  }
  return null
}

function numbersIn(value: unknown): unknown[] {
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(numbersIn) : [value]
}
