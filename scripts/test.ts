/** The whole check: what is built, linted and typed, then every test. Ends with the runner's own counts. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'

interface VitestReport {
  numPassedTests: number
  numFailedTests: number
  numPendingTests: number
  numTodoTests: number
  /** A file that fails to load has no failed test of its own. */
  numFailedTestSuites: number
  success: boolean
  /** One a file; times in milliseconds. */
  testResults: readonly { name: string; startTime: number; endTime: number }[]
}

/** What took how long, in milliseconds. */
const spent = new Map<string, number>()

const bin = (name: string): string => path.resolve('node_modules', '.bin', name)

const CHECKS: readonly (readonly [what: string, command: string, args: readonly string[]])[] = [
  ['build', bin('tsup'), ['--silent']],
  ['lint', bin('biome'), ['check', '--error-on-warnings', '.']],
  ['types', process.execPath, ['scripts/types.ts']],
  ['unused code', bin('knip'), []],
]

function run(what: string, command: string, args: readonly string[]): boolean {
  const before = performance.now()
  const { status } = spawnSync(command, args, { stdio: 'inherit' })
  spent.set(what, performance.now() - before)
  return status === 0
}

function runChecks(): void {
  for (const [what, command, args] of CHECKS) {
    console.log(`\n— ${what}`)
    if (run(what, command, args)) continue
    console.error(`\n${what} failed: no test was run`)
    process.exit(1)
  }
}

function runTests(): { report: VitestReport; exitedWell: boolean } {
  const folder = mkdtempSync(path.join(tmpdir(), 'withusage-test-'))
  const outputFile = path.join(folder, 'report.json')
  const config = ['run', '--config', 'vitest.workspace.ts']
  try {
    console.log('\n— tests')
    const exitedWell = run('tests', bin('vitest'), [
      ...config,
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${outputFile}`,
    ])
    return { report: JSON.parse(readFileSync(outputFile, 'utf8')), exitedWell }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Files run side by side: the times of a folder's files add up to more than the clock has shown. */
function reportTimes({ testResults }: VitestReport): void {
  const folders = new Map<string, number>()
  for (const { name, startTime, endTime } of testResults) {
    const folder = path.relative(process.cwd(), name).split(`${path.sep}test${path.sep}`)[0] ?? name
    folders.set(folder, (folders.get(folder) ?? 0) + endTime - startTime)
  }
  const inOrder = [...folders].toSorted(([, one], [, other]) => other - one)
  console.log(`\n— time: ${worded([...spent])}\n  files of ${worded(inOrder)}`)
}

const worded = (times: readonly (readonly [what: string, ms: number])[]): string =>
  times.map(([what, ms]) => `${what} ${(ms / 1000).toFixed(1)} s`).join(', ')

runChecks()
const { report, exitedWell } = runTests()
reportTimes(report)
console.log('— left out for its time: `pnpm run test:runtimes`, every framework on every runtime')
const skipped = report.numPendingTests + report.numTodoTests
// An error outside any test fails the run, not a test.
const ok = exitedWell && report.success && report.numPassedTests > 0
if (!ok && report.numFailedTests === 0) console.error('the test run itself failed; see above')
console.log(`${report.numPassedTests} passed, ${report.numFailedTests} failed, ${skipped} skipped`)
process.exitCode = ok ? 0 : 1
