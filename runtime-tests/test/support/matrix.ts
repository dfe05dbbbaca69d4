import { type Cell, type Column, SCENARIOS } from '@withusage/testing'

/** The order of the table; an adapter that is not among them comes last. */
const ORDER = [
  'core on Node 22',
  'core on Node',
  'core on Node 26',
  'Bun',
  'Deno',
  'Hono',
  'Express 4',
  'Express 5',
  'node:http',
  'Next.js',
]

type ScenarioName = keyof typeof SCENARIOS

/** The table scenario × adapter, and under it what each gap is. */
export function renderMatrix(unordered: readonly Column[]): string {
  const columns = unordered.toSorted((a, b) => place(a) - place(b))
  const names = Object.keys(SCENARIOS) as ScenarioName[]
  const rows = names.map((name) => row([`**${name}**: ${SCENARIOS[name].title}`, ...columns.map(cellOf(name))]))
  const head = [row(['scenario', ...columns.map(({ adapter }) => adapter)]), row(['---', ...columns.map(() => '---')])]
  return `\n${[...head, ...rows].join('\n')}\n\n${gapsOf(names, columns)}\n`
}

function place({ adapter }: Column): number {
  const index = ORDER.indexOf(adapter)
  return index === -1 ? ORDER.length : index
}

const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`

const cellOf =
  (name: ScenarioName) =>
  ({ scenarios }: Column): string => {
    const cell = scenarios[name]
    return cell === undefined ? '' : worded(cell)
  }

const worded = (cell: Cell): string => ('gap' in cell ? '*gap*' : cell.account)

function gapsOf(names: readonly ScenarioName[], columns: readonly Column[]): string {
  const gaps = names.flatMap((name) =>
    [...reasonsOf(name, columns)].map(([reason, adapters]) => row([`**${name}**`, adapters.join(', '), reason])),
  )
  return [row(['gap', 'where', 'why']), row(['---', '---', '---']), ...gaps].join('\n')
}

/** Why a scenario is a gap, and where for that reason. */
function reasonsOf(name: ScenarioName, columns: readonly Column[]): Map<string, string[]> {
  const found = new Map<string, string[]>()
  for (const { adapter, scenarios } of columns) {
    const cell = scenarios[name]
    if (cell && 'gap' in cell) found.set(cell.gap, [...(found.get(cell.gap) ?? []), adapter])
  }
  return found
}
