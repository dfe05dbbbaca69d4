/**
 * Can the tests fail? Plants one fault at a time in a copy of the packages, runs the tests that should see it, and says
 * whether they did. Exits 1 when a fault goes unseen, or no longer fits the code.
 *
 *     npx -y pnpm@12.21.0 run faults [part of a name]
 */
import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { FAULTS, type Fault } from './faults/list.ts'

const root = process.cwd()
const copy = mkdtempSync(path.join(tmpdir(), 'withusage-faults-'))

const COPIED = [
  ...['packages', 'package-tests', 'runtime-tests', 'sdk-tests', 'examples', 'scripts', 'docs'],
  ...['vitest.workspace.ts', 'tsconfig.json', 'package.json', 'biome.json', 'README.md'],
]

/** Everything that is ours is copied; what is installed is linked. */
function copyHouse(): void {
  for (const name of COPIED)
    cpSync(path.join(root, name), path.join(copy, name), { recursive: true, verbatimSymlinks: true })
  symlinkSync(path.join(root, 'node_modules'), path.join(copy, 'node_modules'))
}

interface Report {
  numPassedTests: number
  testResults: { assertionResults: { status: string; fullName: string }[] }[]
}

/** Runs the tests that should see these, each in its own package. */
function runTests(faults: readonly Fault[]): Report {
  const projects = new Set(faults.map(({ file }) => `--project=${file.split('/')[1]}`))
  const filters = new Set(faults.flatMap(({ tests }) => tests))
  const outputFile = path.join(copy, 'report.json')
  rmSync(outputFile, { force: true })
  const vitest = path.join(root, 'node_modules/.bin/vitest')
  const args = [
    'run',
    '--bail=1',
    '--config',
    'vitest.workspace.ts',
    '--reporter=json',
    `--outputFile.json=${outputFile}`,
  ]
  spawnSync(vitest, [...args, ...projects, ...filters], { cwd: copy, stdio: 'ignore', timeout: 300_000 })
  return JSON.parse(readFileSync(outputFile, 'utf8'))
}

function plant({ file, find, put }: Fault): () => void {
  const target = path.join(copy, file)
  const sound = readFileSync(target, 'utf8')
  if (sound.split(find).length !== 2) throw new Error(`${file} does not hold this once: ${find}`)
  writeFileSync(
    target,
    sound.replace(find, () => put),
  )
  return () => writeFileSync(target, sound)
}

function redTests({ testResults }: Report): string[] {
  return testResults.flatMap(({ assertionResults }) =>
    assertionResults.filter(({ status }) => status === 'failed').map(({ fullName }) => fullName),
  )
}

function tryFault(fault: Fault): boolean {
  const mend = plant(fault)
  const report = runTests([fault])
  mend()
  const red = redTests(report)
  console.log(`${red.length > 0 ? 'seen  ' : 'UNSEEN'}  ${fault.name}: ${red.length} red of ${fault.tests.join(', ')}`)
  if (red[0] !== undefined) console.log(`          ${red[0].trim()}`)
  return red.length > 0
}

try {
  copyHouse()
  const chosen = FAULTS.filter(({ name }) => name.includes(process.argv[2] ?? ''))
  const before = runTests(chosen)
  if (before.numPassedTests === 0) throw new Error('no test passed before any fault was planted')
  if (redTests(before).length > 0) throw new Error(`red without any fault: ${redTests(before).join('; ')}`)
  const unseen = chosen.filter((fault) => !tryFault(fault))
  console.log(`\n${chosen.length} faults planted, ${chosen.length - unseen.length} seen`)
  process.exitCode = unseen.length === 0 && chosen.length > 0 ? 0 : 1
} finally {
  rmSync(copy, { recursive: true, force: true })
}
