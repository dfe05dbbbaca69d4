import { DOCUMENTED, type Documented } from './documented.ts'
import { withValue } from './mutations.ts'
import { joined, type Part } from './parts.ts'

/** How a body was spoilt. */
export type Spoil =
  | 'cut short'
  | 'usage field removed'
  | 'usage field of another type'
  | 'other field removed'
  | 'other field of another type'
  | 'event lost'
  | 'events swapped'
  | 'event twice'

export interface Spoilt {
  spoil: Spoil
  /** `'event 3: usage.prompt_tokens = -1'`. */
  what: string
  body: Uint8Array
  /** The events that are whole in it. */
  told: readonly unknown[]
}

const CUTS = 50
const MOST_EVENTS = 60

/** What no provider sends in the place of a count, and `null`, which says that it is not known; `huge` is a count. */
const OTHER_TYPES = ['"7"', '"a text"', '-1', '0.5', 'null', '[]', '{}', '[7,7]', 'true', '1e308', '900719925474099']

/** A body spoilt in every way of which something can be said. */
export function* spoiltBodies(parts: readonly Part[], format: string | null): Generator<Spoilt> {
  yield* cutShort(parts)
  yield* spoiltFields(parts, format)
  yield* spoiltOrder(parts)
}

export const eventsOf = (parts: readonly Part[]): unknown[] =>
  parts.map(({ event }) => event).filter((event) => event !== undefined)

function* cutShort(parts: readonly Part[]): Generator<Spoilt> {
  const whole = joined(parts)
  for (let cut = 0; cut < Math.min(CUTS, whole.length); cut++) {
    const length = Math.floor((cut * whole.length) / CUTS)
    yield {
      spoil: 'cut short',
      what: `after ${length} bytes`,
      body: whole.subarray(0, length),
      told: toldBy(parts, length),
    }
  }
}

/** A last event of which only what frames it is missing is whole. */
function toldBy(parts: readonly Part[], length: number): unknown[] {
  const told: unknown[] = []
  let left = length
  for (const { bytes, event } of parts) {
    const enough = left >= bytes.length || isWhole(bytes.subarray(0, left))
    if (enough && event !== undefined) told.push(event)
    left -= bytes.length
    if (left <= 0) break
  }
  return told
}

function isWhole(bytes: Uint8Array): boolean {
  const text = new TextDecoder().decode(bytes)
  try {
    JSON.parse(text.slice(text.search(/[[{]/)))
    return true
  } catch {
    return false
  }
}

type Path = readonly string[]

function* spoiltFields(parts: readonly Part[], format: string | null): Generator<Spoilt> {
  const documented = DOCUMENTED[format ?? ''] ?? []
  for (const { at, path } of fieldsOf(parts)) {
    const part = parts[at] as Part
    const kind = isUsage(path, documented) ? 'usage field' : 'other field'
    const name = `event ${at}: ${path.join('.')}`
    yield spoil(`${kind} removed`, `${name} removed`, parts, at, JSON.stringify(without(part.event, path)))
    for (const value of OTHER_TYPES)
      yield spoil(`${kind} of another type`, `${name} = ${value}`, parts, at, withValue(part.event, path, value))
  }
}

function spoil(spoil: Spoil, what: string, parts: readonly Part[], at: number, json: string): Spoilt {
  const { encode } = parts[at] as Part
  const spoilt = parts.with(at, { bytes: encode(json), event: JSON.parse(json) as unknown, encode })
  return { spoil, what, body: joined(spoilt), told: eventsOf(spoilt) }
}

/** True of what lies below a usage object, and of what lies on the way to a count. */
function isUsage(path: Path, documented: readonly Documented[]): boolean {
  const steps = path.map((step) => (/^\d+$/.test(step) ? '#' : step)).join('.')
  return documented.some(({ at, terms }) =>
    at.some((place) => {
      const usage = stepsOf(place)
      if (usage !== '' && `${steps}.`.startsWith(`${usage}.`)) return true
      const counts = Object.values(terms).flat().map(stepsOf)
      return counts.some((count) => `${usage && `${usage}.`}${count}.`.startsWith(`${steps}.`))
    }),
  )
}

/** `a[].b` as `a.#.b`. */
function stepsOf(place: string): string {
  return place.replaceAll(/\[[^\]]*\]/g, '.#').replace(/^\./, '')
}

/** Each field once for each kind of event and place in it, in the first event and in the last that has it. */
function fieldsOf(parts: readonly Part[]): { at: number; path: Path }[] {
  const first = new Map<string, { at: number; path: Path }>()
  const last = new Map<string, { at: number; path: Path }>()
  for (const [at, { event }] of parts.entries())
    for (const path of pathsOf(event)) {
      const shape = `${kindOf(event)} ${path.map((step) => (/^\d+$/.test(step) ? '#' : step)).join('.')}`
      if (!first.has(shape)) first.set(shape, { at, path })
      else last.set(shape, { at, path })
    }
  return [...first.values(), ...last.values()]
}

function kindOf(event: unknown): string {
  const { type, event_type, object } = Object(event) as Record<string, unknown>
  return String(type ?? event_type ?? object ?? '')
}

/** Of a long list its first entries. */
function* pathsOf(value: unknown, path: Path = []): Generator<Path> {
  if (path.length > 0) yield path
  if (typeof value !== 'object' || value === null || path.length > 6) return
  for (const [name, entry] of Object.entries(value).slice(0, Array.isArray(value) ? 3 : 40))
    yield* pathsOf(entry, [...path, name])
}

function without(value: unknown, [step, ...rest]: Path): unknown {
  if (Array.isArray(value)) {
    const at = Number(step)
    return rest.length === 0 ? value.toSpliced(at, 1) : value.with(at, without(value[at], rest))
  }
  const { [step as string]: removed, ...others } = value as Record<string, unknown>
  return rest.length === 0 ? others : { ...others, [step as string]: without(removed, rest) }
}

/** The events of a long stream: its first, and its last, where usage is. */
function* spoiltOrder(parts: readonly Part[]): Generator<Spoilt> {
  const at = [...parts.keys()].filter((index) => parts[index]?.event !== undefined)
  if (at.length < 2) return
  const chosen = at.length <= MOST_EVENTS ? at : [...at.slice(0, MOST_EVENTS / 2), ...at.slice(-MOST_EVENTS / 2)]
  for (const index of chosen) {
    const part = parts[index] as Part
    yield reordered('event lost', index, parts.toSpliced(index, 1))
    yield reordered('event twice', index, parts.toSpliced(index, 0, part))
    const next = at[at.indexOf(index) + 1]
    if (next !== undefined)
      yield reordered('events swapped', index, parts.with(index, parts[next] as Part).with(next, part))
  }
}

function reordered(spoil: Spoil, at: number, parts: readonly Part[]): Spoilt {
  return { spoil, what: `event ${at}`, body: joined(parts), told: eventsOf(parts) }
}
