import path from 'node:path'
import { expect } from 'vitest'
import type { Seen } from './ending.ts'
import { ENDINGS } from './endings.ts'

export type EndingName = keyof typeof ENDINGS | 'server shuts down'

/** What the tables of `runtime-tests/README.md` say of one server. */
export interface EndingColumn {
  framework: string
  runtime: string
  /** `gap`: why this is not what every server promises; `race`: why it is not now and then. */
  endings: Partial<Record<EndingName, Seen & { gap?: string; race?: string }>>
}

/** In the order of the table. */
export const ENDING_NAMES: readonly EndingName[] = [
  ...(Object.keys(ENDINGS) as (keyof typeof ENDINGS)[]),
  'server shuts down',
]

export const ENDINGS_FOLDER = path.join(import.meta.dirname, '../../../../runtime-tests/endings')

/**
 * Holds what this run has seen against what the table is made of; `vitest --update` writes it instead. A run of a part of
 * the suite holds that part alone, and says nothing.
 */
export async function expectEndings({ framework, runtime, endings }: EndingColumn): Promise<void> {
  if (ENDING_NAMES.some((name) => endings[name] === undefined)) return
  const inOrder = Object.fromEntries(ENDING_NAMES.map((name) => [name, endings[name]]))
  const text = `${JSON.stringify({ framework, runtime, endings: inOrder }, null, 2)}\n`
  await expect(text).toMatchFileSnapshot(path.join(ENDINGS_FOLDER, `${slug(framework)}-on-${slug(runtime)}.json`))
}

const slug = (name: string): string => name.toLowerCase().replace(/[^a-z0-9]+/g, '-')
