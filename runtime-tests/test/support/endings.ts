import { ENDING_NAMES, type EndingColumn } from '@withusage/testing'

/** The order of the tables and of their columns; what is not among them comes last. */
const FRAMEWORKS = ['Fetch', 'Hono', 'Express 5', 'Next.js']
const RUNTIMES = ['Node 22', 'Node 24', 'Node 26', 'Deno', 'Bun', 'workerd 2026-07', 'workerd 2026-11']

type Cell = NonNullable<EndingColumn['endings'][keyof EndingColumn['endings']]>

/** A table runtime × ending for each framework, and after them what each gap is. */
export function renderEndings(columns: readonly EndingColumn[]): string {
  const tables = inOrder(new Set(columns.map(({ framework }) => framework)), FRAMEWORKS).map(
    (framework) => `**${framework}**\n\n${tableOf(columns.filter((column) => column.framework === framework))}`,
  )
  return `\n${[...tables, gapsOf(columns)].join('\n\n')}\n`
}

/** Runtimes that show the same share a column. */
function tableOf(columns: readonly EndingColumn[]): string {
  const alike = Map.groupBy(columns, ({ endings }) => JSON.stringify(endings))
  const shared = [...alike.values()]
    .map((same) => ({
      runtimes: inOrder(
        same.map(({ runtime }) => runtime),
        RUNTIMES,
      ),
      endings: same[0]?.endings ?? {},
    }))
    .toSorted((a, b) => place(RUNTIMES, a.runtimes[0]) - place(RUNTIMES, b.runtimes[0]))
  return [
    row(['ending', ...shared.map(({ runtimes }) => runtimes.join(', '))]),
    row(['---', ...shared.map(() => '---')]),
    ...ENDING_NAMES.map((name) => row([`**${name}**`, ...shared.map(({ endings }) => worded(endings[name]))])),
  ].join('\n')
}

function worded(cell: Cell | undefined): string {
  if (cell === undefined) return ''
  const { account, outcome, tokens, upstream, gap, race } = cell
  const books = [account, outcome, tokens].filter((said) => said !== null).join(', ')
  const mark = gap !== undefined ? '*gap:* ' : race !== undefined ? '*now and then:* ' : ''
  return `${mark}${books}; ${upstream}`
}

function gapsOf(columns: readonly EndingColumn[]): string {
  const all = columns.flatMap(({ framework, runtime, endings }) =>
    ENDING_NAMES.flatMap((name) => {
      const gap = endings[name]?.gap ?? endings[name]?.race
      return gap === undefined ? [] : [{ name, gap, where: `${framework} on ${runtime}` }]
    }),
  )
  const rows = [...Map.groupBy(all, ({ gap }) => gap)].map(([gap, found]) =>
    row([gap, distinct(found.map(({ where }) => where)), distinct(found.map(({ name }) => name))]),
  )
  return [row(['why there is a gap', 'where', 'endings']), row(['---', '---', '---']), ...rows].join('\n')
}

const distinct = (names: readonly string[]): string => [...new Set(names)].join(', ')

const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`

function place(order: readonly string[], name = ''): number {
  const index = order.indexOf(name)
  return index === -1 ? order.length : index
}

function inOrder(names: Iterable<string>, order: readonly string[]): string[] {
  return [...names].toSorted((a, b) => place(order, a) - place(order, b))
}
