import { type Reading, TOKEN_FIELDS } from '@withusage/core'

/** The numbers of a reading by name: `'0.inputTokens'` is that of its first line. Those that are unknown are missing. */
export type Vector = ReadonlyMap<string, number>

export function vectorOf(reading: Reading): Vector {
  const numbers = reading.lines.flatMap((_, index) =>
    [...numbersOf(reading, index)].map(([name, value]) => [`${index}.${name}`, value] as const),
  )
  return new Map(numbers)
}

/** The numbers of one line; what is told of the whole response is with the first. */
export function numbersOf({ lines, prefillTokens, draftTokens }: Reading, index: number): Vector {
  const line = lines[index]
  if (!line) return new Map()
  const numbers: [string, number | null][] = [
    ...TOKEN_FIELDS.map((field): [string, number | null] => [field, line[field]]),
    ...Object.entries(line.units ?? {}).map(([unit, value]): [string, number] => [`units.${unit}`, value]),
    ['providerCostNanoUsd', line.providerCostNanoUsd],
    ['prefillTokens', index === 0 ? prefillTokens : null],
    ['draftTokens', index === 0 ? draftTokens : null],
  ]
  return new Map(numbers.flatMap(([name, value]) => (value === null ? [] : [[name, value] as const])))
}

export function isSame(one: Vector, other: Vector): boolean {
  return one.size === other.size && [...one].every(([name, value]) => other.get(name) === value)
}
