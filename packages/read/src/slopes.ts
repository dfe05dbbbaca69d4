import type { Reading } from '@withusage/core'
import type { Place } from './place.ts'
import type { Replay } from './replay.ts'
import { type Vector, vectorOf } from './vector.ts'

/** A number of the reading by name, and by how much it moves when the places move by one. */
export type Slopes = ReadonlyMap<string, number>

/** What moving some places shows. */
export interface Moved {
  slopes: Slopes
  /** The parts still add up, or add up no better than before, whichever the direction. */
  undisturbed: boolean
}

/** Two moves, between which a number that follows is as many times the other. */
export type Steps = (value: number) => readonly [number, number]

/** By one: what does not follow one more *and* one less was only mended by the sums. */
export const BY_ONE: Steps = (value) => (value >= 1 ? [1, -1] : [1, 2])
/** By much: for money and seconds, which are rounded. */
export const BY_HALF: Steps = (value) => [value / 2, -value / 2]

/** Moves places together, up and down, and sees what follows. */
export function moved(replay: Replay, places: readonly Place[], base: Vector, steps: Steps): Moved {
  const least = Math.min(...places.map(({ value }) => Number(value)))
  const [one, other] = steps(least)
  if (one === 0) return { slopes: new Map(), undisturbed: true }
  const [first, second] = [one, other].map((by) =>
    replay(places.map((place) => ({ place, value: Number(place.value) + by }))),
  )
  const slopes = new Map<string, number>()
  for (const [name, value] of base) {
    const slope = slopeOf(name, value, [first, second] as [Reading, Reading], [one, other])
    if (slope !== 0) slopes.set(name, slope)
  }
  return {
    slopes,
    undisturbed: [first, second].every((reading) => reading?.lines.every(({ consistent }) => consistent)),
  }
}

function slopeOf(
  name: string,
  value: number,
  readings: readonly [Reading, Reading],
  by: readonly [number, number],
): number {
  const [one, other] = readings.map((reading, at) => {
    const now = vectorOf(reading).get(name)
    return now === undefined ? 0 : (now - value) / (by[at] ?? 1)
  })
  const isStraight = one !== undefined && other !== undefined && Math.abs(one - other) <= Math.abs(one) / 1000
  return isStraight ? one : 0
}
