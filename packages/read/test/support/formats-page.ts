import { readdirSync, readFileSync } from 'node:fs'
import { TOKEN_FIELDS } from '@withusage/core'
import { loadFixtures } from '@withusage/testing'
import { examine, isSumOfParts, type SavedResponse, type Term } from '../../src/index.ts'

const CORE = new URL('../../../core/', import.meta.url)
const FIXTURES = new URL('test/fixtures/', CORE)

/** What the fixtures of one format show. */
interface FormatRow {
  name: string
  /** The doc comment of the format. */
  prose: string
  links: readonly string[]
  /** By count, the sums that give it. */
  sources: ReadonlyMap<string, ReadonlySet<string>>
  /** By name (`model`), the places that say it. */
  names: ReadonlyMap<string, ReadonlySet<string>>
}

/** `docs/formats.md`: made by reading every fixture, again and again, each time with another field changed. */
export async function formatsPage(): Promise<string> {
  const names = readdirSync(FIXTURES).filter((name) => name !== 'README.md')
  const rows = await Promise.all(names.toSorted().map(formatRow))
  return [HEAD, matrix(rows), '', ...rows.map(section)].join('\n')
}

async function formatRow(name: string): Promise<FormatRow> {
  const sources = new Map<string, Set<string>>()
  const names = new Map<string, Set<string>>()
  for (const { contentType, headers, body } of loadFixtures(new URL(`${name}/`, FIXTURES))) {
    const { reading, trace } = await examine(response(body, { ...headers, 'content-type': contentType }))
    if (reading.format !== name || trace === null) continue
    for (const [key, terms] of trace.numbers) {
      const count = key.replace(/^\d+\./, '')
      add(sources, count, isSumOfParts(trace, key) ? 'the sum' : sumOf(terms))
    }
    for (const [text, path] of trace.texts) add(names, text, `\`${general(path)}\``)
  }
  return { name, sources, names, ...documented(name) }
}

function add(places: Map<string, Set<string>>, name: string, place: string): void {
  places.set(name, (places.get(name) ?? new Set()).add(place))
}

function response(body: string, sent: Record<string, string>): SavedResponse {
  const headers = new Headers(sent)
  return { name: null, method: 'POST', url: null, status: 200, headers, body: once(body), notes: [] }
}

async function* once(body: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(body)
}

/** Whichever the entry of a list: several entries are a sum over them. */
function sumOf(terms: readonly Term[]): string {
  const paths = terms
    .toSorted((a, b) => Math.sign(b.factor) - Math.sign(a.factor) || a.path.localeCompare(b.path, 'en'))
    .map(({ path, factor }) => {
      const times = Math.abs(factor) === 1 ? '' : ` × ${Math.abs(factor)}`
      return `${factor < 0 ? '− ' : '+ '}\`${general(path)}\`${times}`
    })
  return [...new Set(paths)].join(' ').replace(/^\+ /, '')
}

/** Whichever the entry of a list, and of the list that a body may be. */
function general(path: string): string {
  return path.replace(/\[\d+\]/g, '[]').replace(/^\[\]\.?/, '')
}

function documented(name: string): Pick<FormatRow, 'prose' | 'links'> {
  const source = readFileSync(new URL(`src/formats/${name}.ts`, CORE), 'utf8')
  const comment = /\/\*\*\n((?: \*.*\n)+?) \*\/\nexport const \w+ = defineFormat/.exec(source)?.[1] ?? ''
  const lines = comment.split('\n').map((line) => line.replace(/^ \* ?/, ''))
  return {
    prose: lines
      .filter((line) => !line.startsWith('@see'))
      .join('\n')
      .trim(),
    links: lines.filter((line) => line.startsWith('@see')).map((line) => line.slice('@see '.length)),
  }
}

const HEAD = `# Formats

What is read from where. This page is made by a test: it reads every fixture of \`packages/core/test/fixtures\` over and over,
each time with another field changed, and notes which count or name follows. \`npx -y pnpm@12.21.0 run formats\` writes it anew; of a
response of your own \`npx -y pnpm@12.21.0 run read <file>\` says the same.

A format is chosen by what a body is, never by its host or path. Where a count has several sums, providers send it in several
ways; which one holds is decided by the total that they send. *The sum* is that of input and output, where no total is sent. A
path with a list in it (\`[]\`) is added up over the list. What a provider does not send (no fixture has it) is \`null\` in the
record, never 0. What the counts mean: [record.md](record.md). A format of your own: [adding-a-format.md](adding-a-format.md).
`

function matrix(rows: readonly FormatRow[]): string {
  const heads = TOKEN_FIELDS.map((field) => field.replace(/Tokens$/, ''))
  const lines = rows.map(({ name, sources }) => {
    const cells = TOKEN_FIELDS.map((field) => (sources.has(field) ? '●' : ''))
    const others = [...sources.keys()].filter((count) => !(TOKEN_FIELDS as readonly string[]).includes(count))
    return `| [${name}](#${name}) | ${cells.join(' | ')} | ${others.map((count) => count.replace('units.', '')).join(', ')} |`
  })
  return [`| format | ${heads.join(' | ')} | other |`, `| --- |${' --- |'.repeat(heads.length + 1)}`, ...lines].join(
    '\n',
  )
}

function section({ name, prose, links, sources, names }: FormatRow): string {
  const counts = [
    ...TOKEN_FIELDS,
    ...[...sources.keys()].filter((key) => !(TOKEN_FIELDS as readonly string[]).includes(key)),
  ]
  const told = counts.filter((count) => sources.has(count))
  const missing = TOKEN_FIELDS.filter((field) => !sources.has(field))
  return [
    `## ${name}`,
    '',
    prose,
    '',
    '| field | read from |',
    '| --- | --- |',
    ...told.map((count) => row(count, sources)),
    ...NAMES.filter((text) => names.has(text)).map((text) => row(text, names)),
    '',
    ...(missing.length > 0 ? [`Not sent: ${missing.map((field) => `\`${field}\``).join(', ')}.`, ''] : []),
    ...(links.length > 0 ? [`Documented at ${links.map((link) => `<${link}>`).join(', ')}.`, ''] : []),
  ].join('\n')
}

const NAMES = ['model', 'responseId', 'serviceTier']

function row(field: string, places: ReadonlyMap<string, ReadonlySet<string>>): string {
  return `| \`${field}\` | ${[...(places.get(field) ?? [])].toSorted(byLength).join('<br>')} |`
}

function byLength(one: string, other: string): number {
  return one.length - other.length || (one < other ? -1 : 1)
}
