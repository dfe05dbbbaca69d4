import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { type Column, MATRIX_FOLDER, SCENARIOS } from '@withusage/testing'
import { expect, test } from 'vitest'
import { renderMatrix } from './support/matrix.ts'

const README = path.join(import.meta.dirname, '../README.md')

const columns: Column[] = readdirSync(MATRIX_FOLDER).map((file) =>
  JSON.parse(readFileSync(path.join(MATRIX_FOLDER, file), 'utf8')),
)

test('every adapter says something of every scenario', () => {
  for (const { adapter, scenarios } of columns) expect(Object.keys(scenarios), adapter).toEqual(Object.keys(SCENARIOS))
})

test('the table of the README is what the runs have shown', async () => {
  const before = readFileSync(README, 'utf8')
  const text = before.replace(/(<!-- matrix -->\n).*(<!-- end of matrix -->)/s, (_, start, end) =>
    [start, renderMatrix(columns), end].join(''),
  )
  expect(before).toContain('<!-- matrix -->')
  await expect(text).toMatchFileSnapshot(README)
})
