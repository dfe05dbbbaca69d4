import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import {
  type Column,
  ENDING_NAMES,
  ENDINGS_FOLDER,
  type EndingColumn,
  MATRIX_FOLDER,
  SCENARIOS,
} from '@withusage/testing'
import { expect, test } from 'vitest'
import { renderEndings } from './support/endings.ts'
import { renderMatrix } from './support/matrix.ts'

const README = path.join(import.meta.dirname, '../README.md')

const columns = columnsIn<Column>(MATRIX_FOLDER)
const endings = columnsIn<EndingColumn>(ENDINGS_FOLDER)

function columnsIn<Seen>(folder: string): Seen[] {
  return readdirSync(folder).map((file) => JSON.parse(readFileSync(path.join(folder, file), 'utf8')))
}

/** What stands in the README between a table's two marks. */
function replaced(text: string, name: string, table: string): string {
  const marked = new RegExp(`(<!-- ${name} -->\\n).*(<!-- end of ${name} -->)`, 's')
  expect(text).toMatch(marked)
  return text.replace(marked, (_, start, end) => [start, table, end].join(''))
}

test('every adapter says something of every scenario', () => {
  for (const { adapter, scenarios } of columns) expect(Object.keys(scenarios), adapter).toEqual(Object.keys(SCENARIOS))
})

test('every server says something of every ending', () => {
  for (const { framework, runtime, endings: seen } of endings)
    expect(Object.keys(seen), `${framework} on ${runtime}`).toEqual(ENDING_NAMES)
})

test('the tables of the README are what the runs have shown', async () => {
  const before = readFileSync(README, 'utf8')
  const text = replaced(replaced(before, 'matrix', renderMatrix(columns)), 'endings', renderEndings(endings))
  await expect(text).toMatchFileSnapshot(README)
})
