import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { SCENARIOS, type ScenarioName } from './suite/scenarios.ts'

/** What the table says of one scenario: how it was accounted for, or why the framework cannot show it. */
type Cell = { account: string } | { gap: string } | { failed: true }

/** One adapter's column. */
export type Column = Partial<Record<ScenarioName, Cell>>

const FOLDER = path.join(import.meta.dirname, '../../../../runtime-tests/matrix')

/** With `UPDATE_MATRIX=1`, puts what this run has seen into the adapter's column, in the order of the suite. */
export function writeMatrix(adapter: string, column: Column): void {
  if (process.env.UPDATE_MATRIX !== '1') return
  const file = path.join(FOLDER, `${slug(adapter)}.json`)
  const before: Column = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')).scenarios : {}
  mkdirSync(FOLDER, { recursive: true })
  const seen: Column = { ...before, ...column }
  const names = Object.keys(SCENARIOS) as ScenarioName[]
  const scenarios = Object.fromEntries(names.flatMap((name) => (seen[name] ? [[name, seen[name]]] : [])))
  writeFileSync(file, `${JSON.stringify({ adapter, scenarios }, null, 2)}\n`)
}

function slug(name: string): string {
  return name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '')
}
