import { createMeter } from '../../src/meter/create-meter.ts'
import { TOKEN_FIELDS } from '../../src/record.ts'
import type { MeterResponse, Reading, UsageLine } from '../../src/types.ts'
import { joined, type Part } from './parts.ts'
import { eventsOf, type Spoil, type Spoilt, spoiltBodies } from './spoils.ts'
import { answersIn, brokenRule } from './told.ts'

/**
 * What a reading of a spoilt body is.
 *
 * - `right`: the counts of the body before it was spoilt
 * - `unknown`: some of them, the others are `null`
 * - `reason`: no line
 * - `lower bound`: counts that are not final
 * - `doubtful`: counts that do not add up, and say so
 * - `as sent`: other counts, which are those of the body as it is now
 * - `broken`: against the rule
 */
export const VERDICTS = ['right', 'unknown', 'reason', 'lower bound', 'doubtful', 'as sent', 'broken'] as const
export type Verdict = (typeof VERDICTS)[number]

export interface Judged {
  spoil: Spoil | 'as it came'
  what: string
  verdict: Verdict
  /** Which rule is broken, and how. */
  fault: string | null
}

/**
 * These leave all that is counted as it was, or take its end away: what is final in them was read before. Of a body that
 * holds two answers the first, when it is whole, is right too.
 */
const HARMLESS: readonly Spoil[] = ['cut short', 'other field removed', 'other field of another type', 'event twice']

/** Judges the body as it came, and spoilt in every way. */
export function* judgeSpoilt(response: MeterResponse, parts: readonly Part[]): Generator<Judged> {
  const whole = read(response, joined(parts))
  const fault = faultOf(whole, [...countedIn(response.headers), ...eventsOf(parts)])
  yield { spoil: 'as it came', what: 'whole', verdict: fault === null ? 'right' : 'broken', fault }
  const one = answersIn(whole.format, eventsOf(parts)) < 2
  for (const spoilt of spoiltBodies(parts, whole.format)) yield judge(response, whole, spoilt, one ? HARMLESS : [])
}

function judge(response: MeterResponse, whole: Reading, spoilt: Spoilt, harmless: readonly Spoil[]): Judged {
  const { spoil, what, body, told } = spoilt
  const reading = read(response, body)
  const verdict = compare(whole.lines, reading.lines)
  const broken = faultOf(reading, [...countedIn(response.headers), ...told])
  const fault = broken ?? (verdict === 'as sent' && harmless.includes(spoil) ? otherwise(whole, reading) : null)
  return { spoil, what, verdict: fault === null ? verdict : 'broken', fault }
}

function otherwise(whole: Reading, reading: Reading): string {
  return `${whole.format} ${shown(whole.lines)} became ${reading.format} ${shown(reading.lines)}`
}

function shown(lines: readonly UsageLine[]): string {
  const known = lines.map((line) => Object.fromEntries(Object.entries(line).filter(([, value]) => value !== null)))
  return JSON.stringify(known)
}

function faultOf(reading: Reading, told: readonly unknown[]): string | null {
  const broken = brokenRule(reading, told)
  return broken === null ? null : `${reading.format}: ${broken}`
}

function read(response: MeterResponse, body: Uint8Array): Reading {
  const meter = createMeter(response)
  meter.write(body)
  return meter.end()
}

function compare(whole: readonly UsageLine[], lines: readonly UsageLine[]): Verdict {
  if (lines.length === 0) return whole.length === 0 ? 'right' : 'reason'
  if (lines.length === whole.length && lines.every((line) => whole.some((other) => isSame(line, other)))) return 'right'
  if (lines.every((line) => whole.some((other) => isPart(line, other)))) return 'unknown'
  if (lines.every((line) => !line.final)) return 'lower bound'
  return lines.every((line) => !(line.final && line.consistent)) ? 'doubtful' : 'as sent'
}

const counts = (line: UsageLine): (number | null)[] => TOKEN_FIELDS.map((field) => line[field])

function isSame(line: UsageLine, other: UsageLine): boolean {
  const others = counts(other)
  return counts(line).every((count, at) => count === others[at])
}

/** Some of the counts of the other; a total of what is known of it is one too. */
function isPart(line: UsageLine, other: UsageLine): boolean {
  const others = counts(other)
  const sum = (line.inputTokens ?? 0) + (line.outputTokens ?? 0)
  return counts(line).every(
    (count, at) => count === null || count === others[at] || (TOKEN_FIELDS[at] === 'totalTokens' && count === sum),
  )
}

/** What Bedrock counts in the headers of a document, as an event that tells it. */
function countedIn(headers: Headers): unknown[] {
  const counts = ['input', 'output', 'cacheReadInput', 'cacheWriteInput'].map((name) => {
    const header = `x-amzn-bedrock-${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}-token-count`
    return [`${name}TokenCount`, headers.get(header)] as const
  })
  const sent = counts.filter(([, value]) => value !== null).map(([name, value]) => [name, Number(value)])
  return sent.length > 0 ? [{ 'amazon-bedrock-invocationMetrics': Object.fromEntries(sent) }] : []
}
