import { SUBSETS, TOKEN_FIELDS } from '../../src/record.ts'
import type { Reading, UsageLine } from '../../src/types.ts'
import { type CountName, DOCUMENTED, type Documented, isWire, type Wire } from './documented.ts'

/** The events of a body, whole ones only, in order. */
export type Told = readonly unknown[]

/**
 * What is wrong with a reading of a body that told these events, `null` when nothing is.
 *
 * - There are lines, or a reason, and never both.
 * - All counts of a line are told by one usage object: each is a number that stands at a documented place for it, or a
 *   sum that is documented, of which every part that was sent is a count. Where no total was sent that is a count, it is
 *   the sum of input and output.
 * - A line is `consistent` only if all that stands in the documented places is a count, input and output add up to the
 *   total that was sent, and no subset is larger than its total.
 */
export function brokenRule(reading: Reading, told: Told): string | null {
  const lawless = brokenSums(reading)
  if (lawless !== null) return lawless
  const usages = (DOCUMENTED[reading.format ?? ''] ?? []).flatMap((documented) => usagesOf(documented, told))
  for (const line of reading.lines) {
    const broken = untold(line, usages)
    if (broken !== null) return broken
  }
  return null
}

/** What is wrong with a reading of any body: it has lines or a reason, its counts are counts, and what adds up does. */
export function brokenSums(reading: Reading): string | null {
  if ((reading.reason === null) !== reading.lines.length > 0) return `${reading.lines.length} lines, ${reading.reason}`
  for (const line of reading.lines) {
    const broken = brokenSum(line)
    if (broken !== null) return broken
  }
  return null
}

/** How many answers begin in a body. */
export function answersIn(format: string | null, told: Told): number {
  const opening = (DOCUMENTED[format ?? ''] ?? []).flatMap(({ opens = [] }) => opens)
  return told.filter((event) => opening.some(({ type }) => isWire(event) && event.type === type)).length
}

/** A usage object as it stood after some event. */
interface Usage {
  usage: Wire
  documented: Documented
}

function usagesOf(documented: Documented, told: Told): Usage[] {
  const found: Wire[] = []
  let before: Wire = {}
  const { at, merges, opens } = documented
  for (const event of told)
    for (const place of at) {
      const isOpening = place === opens?.at
      if (isOpening && !(isWire(event) && event.type === opens?.type)) continue
      for (const value of valuesAt(event, place).filter(place === '' ? isNode : isWire)) {
        before = merges && !isOpening ? merged(before, value, documented) : value
        found.push(before)
      }
    }
  return found.flatMap((usage) =>
    (documented.shares?.(usage) ?? [usage]).map((share) => ({ usage: share, documented })),
  )
}

function merged(before: Wire, usage: Wire, { merges, breakdowns = {} }: Documented): Wire {
  const all: Record<string, unknown> = { ...before }
  for (const [name, value] of Object.entries(usage)) {
    const known = all[name]
    const lower = merges === 'highest' && isCount(known) && !(isCount(value) && value > known)
    all[name] = lower ? known : (value ?? known)
  }
  for (const [details, count] of Object.entries(breakdowns))
    if (all[count] !== before[count]) all[details] = usage[details]
  return all
}

/** Adds up to the total, and no part is larger than its whole. */
function brokenSum(line: UsageLine): string | null {
  for (const field of TOKEN_FIELDS)
    if (line[field] !== null && !isCount(line[field])) return `${field} is ${line[field]}`
  if (!line.consistent) return null
  const { inputTokens, outputTokens, totalTokens } = line
  const known = inputTokens !== null || outputTokens !== null
  const sum = (inputTokens ?? 0) + (outputTokens ?? 0)
  if (known && totalTokens !== sum) return `consistent, and ${inputTokens} + ${outputTokens} is not ${totalTokens}`
  const larger = SUBSETS.find(([part, whole]) => (line[part] ?? 0) > (line[whole] ?? Number.POSITIVE_INFINITY))
  return larger ? `consistent, and ${larger.join(' exceeds ')}` : null
}

/** What of a line no usage object tells. */
function untold(line: UsageLine, usages: readonly Usage[]): string | null {
  const counts = countsOf(line)
  if (counts.length === 0) return null
  let nearest: string[] | null = null
  for (const usage of usages) {
    const missing = counts
      .filter(([name, count]) => !tells(usage, line, name, count))
      .map(([name, count]) => `${name} ${count}`)
    if (missing.length === 0 && line.consistent && isGarbled(usage)) missing.push('consistent, and garbled')
    if (missing.length === 0) return null
    if (nearest === null || missing.length < nearest.length) nearest = missing
  }
  return `not told: ${(nearest ?? counts).join(', ')}`
}

function countsOf(line: UsageLine): [name: CountName, count: number][] {
  const tokens = TOKEN_FIELDS.map((field) => [field, line[field]] as const)
  const units = Object.entries(line.units ?? {}) as [CountName, number][]
  return [...tokens, ...units].filter((entry): entry is [CountName, number] => entry[1] !== null)
}

function tells({ usage, documented }: Usage, line: UsageLine, name: CountName, count: number): boolean {
  const sums = documented.counts[name] ?? []
  if (sums.some((sum) => sumsOf(usage, documented, sum).includes(count))) return true
  const totalSent = termsOf(usage, documented, 'total').some(isCount)
  return name === 'totalTokens' && !totalSent && count === (line.inputTokens ?? 0) + (line.outputTokens ?? 0)
}

/** All that a sum of terms may come to; none when a term is missing or is no count. */
function sumsOf(usage: Wire, documented: Documented, sum: string): number[] {
  let sums: number[] = []
  let first = true
  for (const [, sign = '+', term = '', optional] of sum.matchAll(/([+-]?) ?(\w+)(\??)/g)) {
    const sent = termsOf(usage, documented, term)
    if (sent.length === 0 && optional) continue
    const counts = sent.filter((value) => isCount(value) || term === 'seconds') as number[]
    if (counts.length === 0) return []
    sums = first ? counts : sums.flatMap((one) => counts.map((other) => (sign === '-' ? one - other : one + other)))
    first = false
  }
  return sums
}

/** What stands in the places of a term. Of a list it is the sum, or what in it is no count. */
function termsOf(usage: Wire, { terms }: Documented, term: string): unknown[] {
  return (terms[term] ?? []).flatMap((place) => {
    const sent = valuesAt(usage, place).filter((value) => value !== undefined && value !== null)
    if (sent.length < 2) return sent
    return [sent.find((value) => !isCount(value)) ?? sent.reduce<number>((sum, value) => sum + (value as number), 0)]
  })
}

function isGarbled({ usage, documented }: Usage): boolean {
  return Object.keys(documented.terms).some((term) => {
    const sent = termsOf(usage, documented, term)
    return sent.length > 0 && !sent.some((value) => isCount(value) || term === 'seconds')
  })
}

/** The values at a path: `a.b`, `a[].b` for every entry, `a[WORD].b` for those of that modality or lifetime. */
function valuesAt(value: unknown, path: string): unknown[] {
  let values = [value]
  for (const step of path.split('.')) {
    if (step === '') continue
    const [, name = '', list, word = ''] = /^(.*?)(\[(.*)\])?$/.exec(step) ?? []
    values = name === '' ? values : values.map((node) => (isWire(node) ? node[name] : undefined))
    if (list) values = values.flatMap((node) => entriesOf(node, word))
  }
  return values
}

function entriesOf(list: unknown, word: string): unknown[] {
  const entries = Array.isArray(list) ? list : []
  return word === '' ? entries : entries.filter((entry) => [entry?.modality, entry?.ttl].map(String).includes(word))
}

/** An event may be a list. */
function isNode(value: unknown): value is Wire {
  return typeof value === 'object' && value !== null
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}
