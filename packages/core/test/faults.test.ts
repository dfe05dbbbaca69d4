import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { FAULTS } from '../../../scripts/faults/list.ts'

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))

describe('The faults that are planted to see tests fail', () => {
  it.each(FAULTS)('fit the code: $name', ({ file, find }) => {
    expect(readFileSync(ROOT + file, 'utf8').split(find)).toHaveLength(2)
  })
})
