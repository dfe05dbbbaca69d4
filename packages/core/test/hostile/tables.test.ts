import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { THEMES } from './inputs.ts'
import type { HostileInput } from './scene.ts'
import { type Played, Stage } from './stage.ts'

/** What the records of a play say, in the form in which a table tells it. */
function told({ account, records }: Played): unknown {
  return account === 'recorded' ? records.map((record) => [record.inputTokens, record.outputTokens]) : account
}

for (const [theme, inputs] of Object.entries(THEMES)) {
  describe(`hostile ${theme}`, () => {
    let stage: Stage
    beforeAll(() => {
      stage = new Stage()
    })
    afterAll(() => stage.close())

    it.each(inputs.map((input): [string, HostileInput] => [input.name, input]))(
      'harm no client and break no law: %s',
      async (_, input) => {
        const played = await stage.play(input)
        expect(played.harm).toBe(null)
        expect(played.law).toBe(null)
        if (input.tells !== undefined) expect(told(played)).toEqual(input.tells)
      },
    )

    it('leave no private text, and no line that is forged, in anything recorded, exported or logged', async () => {
      const { law, leaks, dirty } = await stage.close()
      expect({ law, leaks, dirty }).toEqual({ law: null, leaks: [], dirty: [] })
    })
  })
}
