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
}

const bin = (name: string): string => path.resolve('node_modules', '.bin', name)

const CHECKS: readonly (readonly [what: string, command: string, args: readonly string[]])[] = [
  ['build', bin('tsup'), ['--silent']],
  ['lint', bin('biome'), ['check', '--error-on-warnings', '.']],
  ['types', process.execPath, ['node_modules/@typescript/native/bin/tsc', '-p', 'tsconfig.json']],
  ['unused code', bin('knip'), []],
]

function run(command: string, args: readonly string[]): boolean {
  return spawnSync(command, args, { stdio: 'inherit' }).status === 0
}

function runChecks(): void {
  for (const [what, command, args] of CHECKS) {
    console.log(`\n— ${what}`)
    if (run(command, args)) continue
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
    const exitedWell = run(bin('vitest'), [
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

runChecks()
const { report, exitedWell } = runTests()
const skipped = report.numPendingTests + report.numTodoTests
// An error outside any test fails the run, not a test.
const ok = exitedWell && report.success && report.numPassedTests > 0
if (!ok && report.numFailedTests === 0) console.error('the test run itself failed; see above')
console.log(`${report.numPassedTests} passed, ${report.numFailedTests} failed, ${skipped} skipped`)
process.exitCode = ok ? 0 : 1
