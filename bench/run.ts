/**
 * What metering costs: one table.
 *
 *     npx -y pnpm@12.21.0 bench [words of a cell's axis and name, `growth` or `memory`] [--rounds N] [--ms N] [--write]
 *
 * `--write` puts the table into `docs/performance.md`.
 */
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { cpus, release, totalmem } from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { CELLS } from './cells.ts'
import { Fleet, type MeasuredCell, measure } from './measure.ts'
import { HEAD, markdown, rowsOf } from './table.ts'
import { pinned } from './targets.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '5' },
    ms: { type: 'string', default: '400' },
    write: { type: 'boolean', default: false },
  },
})
const rounds = { rounds: Number(values.rounds), ms: Number(values.ms) }

/** Every word is in it. */
function isWanted(name: string): boolean {
  return positionals.every((word) => name.toLowerCase().includes(word.toLowerCase()))
}

/** What needs no server, each in a process of its own. */
const MICRO = ['growth', 'memory']

function runMicro(name: string): string {
  const file = path.join(import.meta.dirname, `${name}.ts`)
  const { stdout, status } = spawnSync(process.execPath, ['--expose-gc', '--no-warnings', file], {
    stdio: ['ignore', 'pipe', 'inherit'],
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(`${name} ended with ${status}`)
  return stdout
}

function versionOf(name: string): string {
  const { resolve } = createRequire(import.meta.url)
  const folder = resolve.paths(name)?.map((base) => path.join(base, name, 'package.json')) ?? []
  for (const file of folder)
    try {
      return JSON.parse(readFileSync(file, 'utf8')).version
    } catch {
      // The next folder up may have it.
    }
  return 'none'
}

const PACKAGES = [
  'hono',
  '@hono/node-server',
  'express',
  'next',
  'deno',
  'bun',
  'workerd',
  'eventsource-parser',
  'openai',
  '@langfuse/openai',
  '@traceloop/instrumentation-openai',
]
const machine = {
  at: new Date().toISOString(),
  cpu: cpus()[0]?.model ?? 'unknown',
  cores: cpus().length,
  memoryGiB: Math.round(totalmem() / 1024 ** 3),
  kernel: release(),
  pinned,
  ...rounds,
  versions: { node: process.versions.node, ...Object.fromEntries(PACKAGES.map((name) => [name, versionOf(name)])) },
}

function factsOf({ cpu, cores, memoryGiB, kernel, versions, ms, rounds, at }: typeof machine): string {
  const where = pinned ? 'server and load pinned to a core each' : 'not pinned'
  const named = Object.entries(versions).map(([name, version]) => `${name} ${version}`)
  return `${at}: ${cpu}, ${cores} cores, ${memoryGiB} GiB, Linux ${kernel}; ${where}; ${rounds} rounds of ${ms} ms; ${named.join(', ')}`
}

const fleet = new Fleet()
const measured: MeasuredCell[] = []
console.log(`${factsOf(machine)}\n`)
const cells = CELLS.filter(({ axis, name }) => isWanted(`${axis} ${name}`))
if (cells.length > 0) console.log(markdown(HEAD, []))
try {
  for (const cell of cells) {
    const done = await measure(cell, fleet, rounds)
    measured.push(done)
    for (const row of rowsOf(done)) console.log(`| ${row.join(' | ')} |`)
  }
} finally {
  await fleet.stop()
}

const micro = Object.fromEntries(MICRO.filter(isWanted).map((name) => [name, runMicro(name)]))
for (const [name, table] of Object.entries(micro)) console.log(`\n${name}\n\n${table}`)

const results = path.join(import.meta.dirname, 'results')
mkdirSync(results, { recursive: true })
const file = path.join(results, `${machine.at.replaceAll(/[:.]/g, '-')}.json`)
writeFileSync(file, JSON.stringify({ machine, command: process.argv.slice(2), measured, micro }, null, 1))
const rows = measured.flatMap(rowsOf)
const tables = [factsOf(machine), ...(rows.length > 0 ? [markdown(HEAD, rows)] : []), ...Object.values(micro)]
const text = tables.map((table) => table.trim()).join('\n\n')
writeFileSync(file.replace(/json$/, 'md'), `${text}\n`)
if (values.write) writePage()
console.log(`\n${path.relative(process.cwd(), file)}, after ${Math.round(performance.now() / 1000)} s`)

/** Between the marks of the page. */
function writePage(): void {
  const page = path.join(import.meta.dirname, '../docs/performance.md')
  const [before, , after] = readFileSync(page, 'utf8').split(/^<!-- (?:table|end of the table) -->$/m)
  const command = ['npx -y pnpm@12.21.0 bench', ...process.argv.slice(2)].join(' ')
  writeFileSync(page, `${before}<!-- table -->\n\n\`${command}\`\n\n${text}\n\n<!-- end of the table -->${after}`)
}
