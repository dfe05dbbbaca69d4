import { randomUUID } from 'node:crypto'
import { expect } from 'vitest'
import { expectAccount } from './account.ts'
import { Side } from './client/side.ts'
import type { Scenario } from './suite/scenario.ts'
import type { AdapterServer } from './test-adapter.ts'

/**
 * Plays a scenario bare, then metered: the client must see the same, and the books must be right. Returns how the
 * metered requests were accounted for.
 *
 * @param hidden names of headers that only a scenario about framing compares
 */
export async function play(
  name: string,
  scenario: Scenario,
  server: AdapterServer,
  hidden: readonly string[],
): Promise<string> {
  const stem = `${randomUUID().slice(0, 8)}.${name.replaceAll(' ', '-')}`
  const [bareBase, meteredBase] = scenario.sides?.(server) ?? [server.bare, server.metered]
  const notCompared = scenario.isFraming ? [] : hidden
  const bare = new Side(bareBase, `${stem}.bare`, notCompared)
  const metered = new Side(meteredBase, `${stem}.metered`, notCompared)
  try {
    const { stats } = await metered.control.account('')
    const expected = await scenario.act(bare)
    expect(await scenario.act(metered)).toEqual(expected)
    await scenario.afterwards?.(metered)
    return await expectAccount(metered.control, metered.stem, stats, scenario.expected)
  } finally {
    bare.close()
    metered.close()
  }
}
