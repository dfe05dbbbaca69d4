import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { DRAIN_ENDS } from '../src/drain.ts'
import { SUBSETS, usageRecordSchema } from '../src/record.ts'
import { IGNORED_REASONS, UNRECORDED_REASONS } from '../src/types.ts'

const page = (name: string): string =>
  readFileSync(fileURLToPath(new URL(`../../../docs/${name}`, import.meta.url)), 'utf8')

/** The rows of a page's tables whose first cell is a name in code: its cells, code marks left in. */
function rows(markdown: string): Map<string, string[]> {
  const found = [...markdown.matchAll(/^\| `([\w]+)` \|(.*)\|$/gm)]
  return new Map(found.map(([, name = '', cells = '']) => [name, cells.split(' | ').map((cell) => cell.trim())]))
}

describe('docs/record.md', () => {
  const fields = rows(page('record.md'))

  it('explains every field of a record, and no other', () => {
    expect([...fields.keys()].sort()).toEqual(Object.keys(usageRecordSchema.shape).sort())
  })

  it('says of each field that can be null when it is, and of no other', () => {
    for (const [name, schema] of Object.entries(usageRecordSchema.shape)) {
      const never = fields.get(name)?.[2] === 'never'
      expect({ name, never }).toEqual({ name, never: !schema.safeParse(null).success })
    }
  })

  it('names the total of every subset', () => {
    const parts = [...fields].flatMap(([name, [type]]) => {
      const total = /, of `(\w+)`$/.exec(type ?? '')?.[1]
      return total ? [[name, total]] : []
    })
    expect(parts.sort()).toEqual([...SUBSETS].map(([subset, total]) => [subset, total]).sort())
  })
})

describe('docs/account.md', () => {
  it('explains every reason, and no other', () => {
    expect([...rows(page('account.md')).keys()].sort()).toEqual([...UNRECORDED_REASONS, ...IGNORED_REASONS].sort())
  })
})

describe('docs/disconnects.md', () => {
  it('explains every way in which a drain ends, and no other', () => {
    expect([...rows(page('disconnects.md')).keys()].sort()).toEqual([...DRAIN_ENDS].sort())
  })
})
