import type { LoggedEvent } from './event-log.ts'

type Step = string | number

/** Where a number or a text stands in a response. */
export interface Place {
  /** Position among the logged events; -1 for a header, which is then the only step. */
  event: number
  steps: readonly Step[]
  value: number | string
}

/** A place and what is put there instead. */
export interface Change {
  place: Place
  value: number | string
}

/** Every number and text of the events, and the headers that are numbers. */
export function* placesIn(events: readonly LoggedEvent[], headers: Headers): Generator<Place> {
  for (const [name, value] of headers)
    if (/^\d{1,15}$/.test(value)) yield { event: -1, steps: [name], value: Number(value) }
  for (const [event, { data }] of events.entries()) yield* within(data, event, [])
}

function* within(value: unknown, event: number, steps: readonly Step[]): Generator<Place> {
  if (typeof value === 'number' || typeof value === 'string') yield { event, steps, value }
  else if (Array.isArray(value)) for (const [at, entry] of value.entries()) yield* within(entry, event, [...steps, at])
  else if (typeof value === 'object' && value !== null)
    for (const [key, entry] of Object.entries(value)) yield* within(entry, event, [...steps, key])
}

/** The data with other values at some places of it. */
export function changed(data: unknown, changes: readonly Change[]): unknown {
  const copy = { root: structuredClone(data) }
  for (const { place, value } of changes) {
    const path = ['root', ...place.steps]
    const last = path.pop() as Step
    const holder = path.reduce<unknown>((held, step) => (held as Record<Step, unknown>)[step], copy)
    Object.assign(holder as object, { [last]: value })
  }
  return copy.root
}

/** `usage.prompt_tokens`, `results[0].token_count`, `header x-amzn-bedrock-input-token-count`. */
export function pathOf({ event, steps }: Place): string {
  if (event === -1) return `header ${steps[0]}`
  return steps.reduce<string>((path, step) => path + written(step, path === ''), '')
}

function written(step: Step, first: boolean): string {
  if (typeof step === 'number') return `[${step}]`
  if (!/^[\w$-]+$/.test(step)) return `[${JSON.stringify(step)}]`
  return first ? step : `.${step}`
}

/** The path whichever the entry of a list, the same for every event. */
export function patternOf(place: Place): string {
  return pathOf({ ...place, steps: place.steps.map((step) => (typeof step === 'number' ? 0 : step)) })
}

/** How many steps two places of one event have in common; less than none for two of different events. */
export function nearness(one: Place, other: Place): number {
  if (one.event !== other.event) return -Math.abs(one.event - other.event)
  const apart = one.steps.findIndex((step, at) => step !== other.steps[at])
  return apart === -1 ? one.steps.length : apart
}
