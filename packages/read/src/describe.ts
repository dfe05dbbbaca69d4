import { type Reading, TOKEN_FIELDS, type UsageLine } from '@withusage/core'
import type { Finding } from './examine.ts'
import { meaningOf } from './meaning.ts'
import type { SavedResponse } from './saved-response.ts'
import { isSumOfParts, type Term, type Trace } from './trace.ts'
import { numbersOf } from './vector.ts'

/** What would be recorded of a response, from where, and why: some lines of text, without a word of prompt or answer. */
export function describe(response: SavedResponse, finding: Finding): string {
  const { account, reason, reading } = finding
  const verdict = reason === null ? recorded(reading) : `${account}: ${reason}`
  const title = response.name === null ? verdict : `${response.name}: ${verdict}`
  const why = reason === null ? [] : [meaningOf(reason, finding)]
  return [
    title,
    ...[...why, ...facts(response, finding), ...lines(finding)].map((line) => (line === '' ? '' : `  ${line}`)),
    '',
  ].join('\n')
}

function recorded({ lines }: Reading): string {
  return lines.length === 1 ? 'recorded' : `recorded, ${lines.length} lines`
}

function facts({ status, notes }: SavedResponse, { reading, transport, size, trace }: Finding): string[] {
  const { format, operation, model, responseId } = reading
  return [
    fact('format', format ?? 'none that is known'),
    fact('operation', operation),
    fact('transport', [transport ?? 'none that is read', `${size} bytes`, `status ${status}`, ...notes].join(', ')),
    fact('model', model, trace?.texts.get('model')),
    fact('response id', responseId, trace?.texts.get('responseId')),
  ].flat()
}

function fact(name: string, value: string | null, from?: string): string[] {
  return value === null ? [] : [`${name.padEnd(WIDTH)}${printable(value)}${from === undefined ? '' : `  from ${from}`}`]
}

const WIDTH = 21

/** Texts of the wire may hold anything. */
function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}]/gu, '').slice(0, 128)
}

function lines({ reading, trace }: Finding): string[] {
  const all = reading.lines.flatMap((line, index) => ['', ...lineOf(line, index, reading, trace)])
  return trace === null && all.length > 0 ? [...all, UNTRACED] : all
}

const UNTRACED = 'The fields cannot be told: the response is too long, or its events were damaged.'

function lineOf(line: UsageLine, index: number, reading: Reading, trace: Trace | null): string[] {
  const title = reading.lines.length > 1 ? [`line ${index}`, ...fact('model', line.model)] : []
  const missing = TOKEN_FIELDS.filter((field) => line[field] === null)
  return [
    ...title,
    ...[...numbersOf(reading, index)].map(
      ([name, value]) => `${name.padEnd(WIDTH)}${String(value).padStart(9)}${origin(trace, `${index}.${name}`)}`,
    ),
    ...fact('serviceTier', line.serviceTier, trace?.texts.get('serviceTier')),
    ...(missing.length > 0 ? [`${'not sent'.padEnd(WIDTH)}${missing.join(', ')}`] : []),
    `${'consistent'.padEnd(WIDTH)}${consistency(line)}`,
    `${'final'.padEnd(WIDTH)}${finality(line, reading)}`,
  ]
}

function origin(trace: Trace | null, name: string): string {
  if (trace === null) return ''
  if (isSumOfParts(trace, name)) return '  = inputTokens + outputTokens'
  const terms = trace.numbers.get(name)
  if (!terms) return '  counted: no number of the response says it'
  const events = new Set(terms.map(eventOf))
  const [event] = events.size === 1 ? events : ['']
  const added = terms.toSorted((a, b) => Math.sign(b.factor) - Math.sign(a.factor))
  const sum = added.map((term, at) => termText(term, at === 0, events.size > 1)).join('')
  return `  = ${sum}${event ? `  in ${event}` : ''}`
}

function termText(term: Term, first: boolean, eachEvent: boolean): string {
  const { path, value, factor } = term
  const sign = factor < 0 ? (first ? '-' : ' - ') : first ? '' : ' + '
  const times = Math.abs(factor) === 1 ? '' : ` × ${Math.abs(factor)}`
  return `${sign}${path} ${value}${times}${eachEvent ? ` (${eventOf(term)})` : ''}`
}

/** Events are counted from 1, as people do. */
function eventOf({ event, eventName }: Term): string {
  if (event === null) return ''
  return eventName === null ? `event ${event + 1}` : `event ${event + 1}, ${eventName}`
}

function consistency({ consistent }: UsageLine): string {
  return consistent
    ? 'yes: nothing that the provider sent contradicts it'
    : "no: the parts miss the provider's own total, or a part is larger than its whole. Ask the provider; the numbers stand as sent"
}

function finality({ final }: UsageLine, { interrupted }: Reading): string {
  if (final) return 'yes: the provider had finished counting'
  const why = interrupted ? 'the provider told of an error' : 'its last word was not seen: the stream was cut'
  return `no: ${why}. The counts are a lower bound`
}
