import { NO_COUNTS } from './formats/accounting.ts'
import type { Reading, UsageLine } from './types.ts'

/** A model call made inside a request, as a layer between the handler and the provider sees it. */
export interface UpstreamCall {
  /**
   * The layer that sees it: `'fetch'`. What two layers report under one response id is one call; calls through one
   * layer are as many as it reports, but for one made inside another under the same id.
   */
  readonly layer: string
  /** Filled with the calls that layers below meter while this one is made (see `runCall`). Left out: it makes none. */
  readonly below?: UpstreamCall[]
  /**
   * The request is settled, and nothing that comes later counts; `onLate` is told when something does. Gives what is still
   * being decoded, `null` when that is nothing.
   */
  finish(onLate: () => void): Promise<void> | null
  /** What the call used, `null` when nobody pays for it. Asked once, after `finish`. */
  used(): UpstreamUsage | null
}

/** What one call used. */
export interface UpstreamUsage {
  /** Without lines: what the call used is not known. */
  reading: Reading
  /** The call's response was read to its end. */
  complete: boolean
  /** What the call asked for, `null` when that is not known. */
  requestedModel: string | null
}

/**
 * The usage of a request's calls, in the order in which they began. Of a call whose usage is not known there is a line
 * that says so, beside the lines of calls that are known; empty when none is.
 */
export function usageOf(calls: readonly UpstreamCall[]): UpstreamUsage[] {
  if (calls.length === 0) return []
  const lower = new Set(calls.flatMap(({ below }) => below ?? []))
  const seen = calls.filter((call) => !lower.has(call)).flatMap(usageIn)
  const known = seen.filter(isKnown)
  if (known.length === 0) return []
  return seen
    .filter(({ layer, usage }) => layer === layerOf(usage.reading.responseId, known, layer))
    .map((one) => (isKnown(one) ? one.usage : { ...one.usage, reading: { ...one.usage.reading, lines: [UNKNOWN] } }))
}

const isKnown = ({ usage }: Seen): boolean => usage.reading.lines.length > 0

/** A model was called, and that is all. */
const UNKNOWN: UsageLine = {
  ...NO_COUNTS,
  units: null,
  serviceTier: null,
  providerCostNanoUsd: null,
  model: null,
  consistent: true,
  final: false,
}

interface Seen {
  layer: string
  usage: UpstreamUsage
}

/**
 * A call and those below it. Of two that saw one call, the nearer to the provider, unless only the other heard its end;
 * one that could not read it saw nothing.
 */
function usageIn(call: UpstreamCall): Seen[] {
  const usage = call.used()
  const below = call.below?.flatMap(usageIn) ?? []
  if (usage === null) return below
  const own = { layer: call.layer, usage }
  if (!isKnown(own) && below.length > 0) return below
  const again = below.filter((other) => isSeenAgain(own, other))
  const told = again.filter(isKnown)
  if (told.length > 0 && (told.every(isHeard) || !isHeard(own))) return below
  return [own, ...below.filter((other) => !again.includes(other))]
}

/**
 * Below a call, another layer's is that call, unless both name their response and the names differ. One of the same layer is
 * if both name the same: a model, say, that was wrapped twice.
 */
function isSeenAgain(own: Seen, other: Seen): boolean {
  const [id, otherId] = [own.usage.reading.responseId, other.usage.reading.responseId]
  if (own.layer === other.layer) return id !== null && id === otherId
  return id === null || otherId === null || id === otherId
}

function isHeard({ usage }: Seen): boolean {
  return usage.reading.lines.every(({ final }) => final)
}

/** Of the layers that report a response id, the one that reports it most often; the first of equals. */
function layerOf(responseId: string | null, seen: readonly Seen[], own: string): string {
  if (responseId === null || seen.every(({ layer }) => layer === own)) return own
  const times = new Map<string, number>()
  for (const { layer, usage } of seen)
    if (usage.reading.responseId === responseId) times.set(layer, (times.get(layer) ?? 0) + 1)
  return [...times].reduce((most, next) => (next[1] > most[1] ? next : most), [own, 0])[0]
}
