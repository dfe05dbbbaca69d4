/** Figures as people read them: medians over the rounds, with the least and the most. */
import type { MeasuredCell, MeasuredWay } from './measure.ts'
import type { Sample } from './targets.ts'

export interface Spread {
  median: number
  min: number
  max: number
}

export function spread(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b)
  return {
    median: sorted[sorted.length >> 1] ?? Number.NaN,
    min: sorted[0] ?? Number.NaN,
    max: sorted.at(-1) ?? Number.NaN,
  }
}

const rates = ({ samples }: MeasuredWay): number[] => samples.map(({ served, seconds }) => served / seconds)

/**
 * What is left of the other's throughput, of two ways within one round. Of the requests that a second of the server's CPU
 * serves, where the system tells: a machine that does something else meanwhile changes the rates far more than that.
 */
export function ratio(way: MeasuredWay, base: MeasuredWay): Spread {
  return spread(
    way.samples.flatMap((sample, round) => {
      const other = base.samples[round]
      return other ? [throughput(sample) / throughput(other)] : []
    }),
  )
}

function throughput({ cpuMicroseconds, served, seconds }: Sample): number {
  return cpuMicroseconds === null ? served / seconds : 1e6 / cpuMicroseconds
}

const MINUS = '–'
const fixed = (value: number | null | undefined, digits: number): string =>
  value === null || value === undefined || Number.isNaN(value)
    ? MINUS
    : value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits })
const range = ({ median, min, max }: Spread, digits: number): string =>
  `${fixed(median, digits)} (${fixed(min, digits)}${MINUS}${fixed(max, digits)})`

export function markdown(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map((_, index) => (index < 2 ? '---' : '---:'))), ...rows.map(line)].join('\n')
}

export const HEAD = [
  'cell',
  'way',
  'requests/s',
  'of bare',
  'of no-op',
  'of by hand',
  'CPU µs/request',
  'latency ms p50 / p99',
  'first byte ms p50 / p99',
  'held MB',
]

export function rowsOf({ cell, ways }: MeasuredCell): string[][] {
  const named = (name: string): MeasuredWay | undefined => ways.find(({ way }) => way === name)
  return ways.map((way, index) => {
    const against = (name: string): string => {
      const base = named(name)
      return base && base !== way ? range(ratio(way, base), 2) : MINUS
    }
    const middle = (of: (sample: MeasuredWay['samples'][number]) => number): number =>
      spread(way.samples.map(of)).median
    const cpu = way.samples.flatMap(({ cpuMicroseconds }) => (cpuMicroseconds === null ? [] : [cpuMicroseconds]))
    const quantiles = (of: 'latency' | 'firstByte'): string =>
      `${fixed(
        middle((sample) => sample[of].p50),
        2,
      )} / ${fixed(
        middle((sample) => sample[of].p99),
        2,
      )}`
    const stalled = way.heldForStalled === null ? '' : `, ${fixed(way.heldForStalled / 1024, 0)} KB a stalled client`
    return [
      index === 0 ? `**${cell.axis}**: ${cell.name}` : '',
      way.way,
      range(spread(rates(way)), 0),
      against('bare'),
      against('no-op'),
      against('by hand'),
      cpu.length > 0 ? range(spread(cpu), 1) : MINUS,
      quantiles('latency'),
      quantiles('firstByte'),
      `${fixed(way.heldBytes === null ? null : way.heldBytes / 1024 / 1024, 1)}${stalled}`,
    ]
  })
}
