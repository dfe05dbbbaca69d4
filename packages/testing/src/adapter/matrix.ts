import path from 'node:path'
import { expect } from 'vitest'
import { SCENARIOS, type ScenarioName } from './suite/scenarios.ts'

/** What the table of `runtime-tests/README.md` says of one scenario under one adapter. */
export type Cell = { account: string } | { gap: string }

/** One adapter's column. */
export interface Column {
  adapter: string
  scenarios: Partial<Record<ScenarioName, Cell>>
}

export const MATRIX_FOLDER = path.join(import.meta.dirname, '../../../../runtime-tests/matrix')

/**
 * Holds what this run has seen against the column that the table is made of; `vitest --update` writes it instead. A run of
 * a part of the suite holds that part alone, and says nothing.
 */
export async function expectColumn({ adapter, scenarios }: Column): Promise<void> {
  const names = Object.keys(SCENARIOS) as ScenarioName[]
  if (names.some((name) => scenarios[name] === undefined)) return
  const inOrder = Object.fromEntries(names.map((name) => [name, scenarios[name]]))
  const text = `${JSON.stringify({ adapter, scenarios: inOrder }, null, 2)}\n`
  await expect(text).toMatchFileSnapshot(path.join(MATRIX_FOLDER, `${slug(adapter)}.json`))
}

function slug(name: string): string {
  return name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '')
}
