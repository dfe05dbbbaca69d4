import type { Reading } from '@withusage/core'
import type { EventLog, LoggedEvent } from './event-log.ts'
import { nearness, type Place, pathOf, patternOf, placesIn } from './place.ts'
import { type Replay, replayOf } from './replay.ts'
import type { SavedResponse } from './saved-response.ts'
import { BY_HALF, BY_ONE, moved, type Slopes, type Steps } from './slopes.ts'
import { isSame, type Vector, vectorOf } from './vector.ts'

/** One field of the response that a number of the reading is made of. */
export interface Term {
  /** `'usage.prompt_tokens'`. */
  path: string
  /** Of which event, from 0; `null` for a document and for a header. */
  event: number | null
  /** What the event calls itself: `'message_delta'`; `null` when it does not. */
  eventName: string | null
  value: number
  /** How often it goes into the number: mostly 1; -1 when it is taken off. */
  factor: number
}

/** Where the numbers and texts of a reading come from. */
export interface Trace {
  /** By number (`'0.inputTokens'`). A number whose fields do not add up to it is missing: it was counted in another way. */
  numbers: ReadonlyMap<string, readonly Term[]>
  /** `model`, `responseId` and `serviceTier`, by their paths. */
  texts: ReadonlyMap<string, string>
}

/** Places of one path that are tried one by one: the last ones, as totals so far are replaced by later ones. */
const MOST_PLACES = 64
/** Paths that are tried. */
const MOST_PATHS = 500

/**
 * Finds out which fields a reading was made of, by reading the same events again with one field changed, then another.
 * Knows no format: what it says is what the code does. `null` when the events, shortened as they are kept, do not give
 * the same reading.
 */
export function traceReading(
  reading: Reading,
  log: ReturnType<EventLog['end']>,
  response: SavedResponse,
): Trace | null {
  const base = vectorOf(reading)
  const found = replayThatAgrees(reading, base, log.events, response)
  if (!found) return null
  const { replay, events } = found
  const places = [...placesIn(events, response.headers)]
  const numbers = places.filter(({ value }) => typeof value === 'number' && value >= 0)
  const wanted = new Map<string, readonly Term[]>()
  for (const steps of [BY_ONE, BY_HALF]) {
    if (wanted.size === base.size) break
    for (const [name, terms] of termsOf(replay, numbers, base, steps, reading)) {
      const named = terms.map(({ place, factor }) => termOf(place, factor, events))
      if (!wanted.has(name) && addsUp(named, base.get(name) ?? 0)) wanted.set(name, named)
    }
  }
  return { numbers: wanted, texts: textsOf(reading, replay, places) }
}

/** Fewer events are quicker to read again and again, if they are enough. */
function replayThatAgrees(
  reading: Reading,
  base: Vector,
  events: readonly LoggedEvent[],
  response: SavedResponse,
): { replay: Replay; events: readonly LoggedEvent[] } | null {
  const few = [...events.slice(0, 20), ...events.slice(Math.max(20, events.length - 40))]
  for (const some of [few, events])
    for (const ended of [false, true]) {
      const replay = replayOf(some, response, ended)
      const again = replay([])
      if (again.format === reading.format && isSame(vectorOf(again), base)) return { replay, events: some }
    }
  return null
}

interface PlaceTerm {
  place: Place
  factor: number
}

function termsOf(
  replay: Replay,
  places: readonly Place[],
  base: Vector,
  steps: Steps,
  reading: Reading,
): Map<string, PlaceTerm[]> {
  const single = placesThatMatter(replay, places, base, steps).map((place) => ({
    place,
    alone: moved(replay, [place], base, steps),
  }))
  const totals = single.filter(({ place, alone }) => isTotal(place, alone.slopes, base))
  const wasConsistent = reading.lines.every(({ consistent }) => consistent)
  const terms = new Map<string, PlaceTerm[]>()
  for (const { place, alone } of single) {
    const total = totals
      .filter((other) => other.place !== place)
      .toSorted((a, b) => nearness(b.place, place) - nearness(a.place, place))[0]
    // A part that moves without its total makes the sums look for another reading: so both are moved, and what the total does is taken off.
    const together = total && wasConsistent && !alone.undisturbed && steps === BY_ONE
    const slopes = together
      ? without(moved(replay, [place, total.place], base, steps).slopes, total.alone.slopes)
      : alone.slopes
    for (const [name, factor] of slopes) terms.set(name, [...(terms.get(name) ?? []), { place, factor }])
  }
  return terms
}

/** All places of one path are moved at once, so that most of a response is done with soon. */
function placesThatMatter(replay: Replay, places: readonly Place[], base: Vector, steps: Steps): Place[] {
  const paths = [...Map.groupBy(places, patternOf).values()].slice(0, MOST_PATHS)
  const mattering = paths.filter((some) =>
    steps(1).some((_, at) => {
      const changes = some.map((place) => ({
        place,
        value: Number(place.value) + (steps(Number(place.value))[at] ?? 0),
      }))
      return !isSame(vectorOf(replay(changes)), base)
    }),
  )
  return mattering.flatMap((some) => some.slice(-MOST_PLACES))
}

/** The provider's own total. */
function isTotal({ value }: Place, slopes: Slopes, base: Vector): boolean {
  return [...slopes].some(([name, slope]) => name.endsWith('.totalTokens') && slope === 1 && base.get(name) === value)
}

function without(slopes: Slopes, others: Slopes): Slopes {
  const names = new Set([...slopes.keys(), ...others.keys()])
  const differences = [...names].map((name) => [name, (slopes.get(name) ?? 0) - (others.get(name) ?? 0)] as const)
  return new Map(differences.filter(([, slope]) => slope !== 0))
}

function termOf(place: Place, factor: number, events: readonly LoggedEvent[]): Term {
  const event = events[place.event]
  const streamed = event !== undefined && !event.document
  return {
    path: pathOf(place),
    event: streamed ? event.index : null,
    eventName: streamed ? nameOf(event) : null,
    value: Number(place.value),
    factor: tidy(factor),
  }
}

function nameOf({ name, data }: LoggedEvent): string | null {
  const type = typeof data === 'object' && data !== null && 'type' in data ? data.type : null
  const known = name ?? type
  return typeof known === 'string' && /^[\w.-]{1,64}$/.test(known) ? known : null
}

/** Rounding leaves a factor a little off a round one. */
function tidy(factor: number): number {
  const round = Number(factor.toPrecision(3))
  return Math.abs(round - factor) <= Math.abs(factor) / 1000 ? round : factor
}

function addsUp(terms: readonly Term[], value: number): boolean {
  const sum = terms.reduce((all, term) => all + term.factor * term.value, 0)
  return Math.abs(sum - value) <= Math.max(1e-9, Math.abs(value) / 1e6) || Math.round(sum) === value
}

function textsOf(reading: Reading, replay: Replay, places: readonly Place[]): Map<string, string> {
  const wanted = {
    model: (some: Reading) => some.model,
    responseId: (some: Reading) => some.responseId,
    serviceTier: (some: Reading) => some.lines[0]?.serviceTier ?? null,
  }
  const found = new Map<string, string>()
  for (const [name, textOf] of Object.entries(wanted)) {
    const text = textOf(reading)
    const equal = places.filter(({ value }) => text !== null && value === text.slice(0, 256)).slice(0, MOST_PLACES)
    const place = equal.find((one) => textOf(replay([{ place: one, value: `${text}~` }])) === `${text}~`)
    if (place) found.set(name, pathOf(place))
  }
  return found
}

/** True of a total that is made of what the input and the output are made of: the provider sent none. */
export function isSumOfParts({ numbers }: Trace, name: string): boolean {
  const [index, field] = name.split('.')
  const pathsOf = (part = ''): string[] =>
    (numbers.get(`${index}.${part}`) ?? []).map(({ path, event }) => `${path} ${event}`).toSorted()
  const parts = [pathsOf('inputTokens'), pathsOf('outputTokens')]
  const known = parts.every((paths) => paths.length > 0)
  return field === 'totalTokens' && known && parts.flat().toSorted().join() === pathsOf(field).join()
}
