import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { formatsPage } from './support/formats-page.ts'

const PAGE = fileURLToPath(new URL('../../../docs/formats.md', import.meta.url))

it('docs/formats.md says what the code reads; after a change on purpose, write it with `pnpm run formats`', async () => {
  await expect(await formatsPage()).toMatchFileSnapshot(PAGE)
})
