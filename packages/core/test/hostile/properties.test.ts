import { describe, expect, it } from 'vitest'
import { PROPERTIES } from './properties.ts'
import { Stage } from './stage.ts'

describe('Whatever the input', () => {
  it.each(PROPERTIES.map((property) => [property.name, property] as const))(
    'no client is harmed, the law holds and nothing leaks: %s',
    async (_, property) => {
      const stage = new Stage()
      const found = await property.run(stage, { numRuns: 400, seed: 20_261_124 }).then(
        () => null,
        (error: Error) => error.message,
      )
      const { law, leaks, dirty } = await stage.close()
      expect({ found, law, leaks, dirty }).toEqual({ found: null, law: null, leaks: [], dirty: [] })
    },
  )
})
