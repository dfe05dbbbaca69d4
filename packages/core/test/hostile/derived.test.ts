import { describe, expect, it } from 'vitest'
import { cutBodies, type SpoiltBody, wrongFields } from './derived.ts'
import { Stage } from './stage.ts'

async function passAll(bodies: Iterable<SpoiltBody>) {
  const stage = new Stage()
  const faults: string[] = []
  let tried = 0
  for (const { name, body, contentType, fault } of bodies) {
    tried++
    const found = (await stage.pass(body, contentType)) ?? fault()
    if (found !== null) faults.push(`${name}: ${found}`)
  }
  const { law, leaks, dirty } = await stage.close()
  return { tried, faults, law, leaks, dirty }
}

const NOTHING_FOUND = { faults: [], law: null, leaks: [], dirty: [] }

describe('A body made from a fixture', () => {
  it('with any wrong value in any field gives the counts that were sent, or none', async () => {
    const { tried, ...found } = await passAll(wrongFields())
    expect(found).toEqual(NOTHING_FOUND)
    expect(tried).toBeGreaterThan(25_000)
  }, 120_000)

  it('cut short after any byte gives the counts of what was whole, or none', async () => {
    const { tried, ...found } = await passAll(cutBodies())
    expect(found).toEqual(NOTHING_FOUND)
    expect(tried).toBeGreaterThan(4_000)
  })
})
