import { afterAll, beforeAll, describe, test } from 'vitest'
import { FRAMING } from './client/response.ts'
import { type Column, expectColumn } from './matrix.ts'
import { play } from './play.ts'
import type { Scenario } from './suite/scenario.ts'
import { SCENARIOS, type ScenarioName } from './suite/scenarios.ts'

/** A server that was started, by base URL. Beside each base is its control route: `/bare`, `/metered`, `/control`. */
export interface AdapterServer {
  /** Serves the scenarios without metering. */
  bare: string
  /** Serves them metered. */
  metered: string
  /** The same behind a compression, the framework's own if it has one: without metering, and mounted before or after it. */
  compressed?: { bare: string; before: string; after: string }
  close(): Promise<void> | void
}

export interface AdapterSuite {
  /** Starts the server: in this process, in another, in another runtime. Its handlers are those of `scenarioServer`. */
  start(): Promise<AdapterServer>
  /**
   * What this framework cannot show, and why. Each is a row of the table, and a test that the gap is still there. With a
   * gap `framing`, only the scenarios about framing compare how bodies are cut on their way.
   */
  gaps?: Partial<Record<ScenarioName, string>>
}

/**
 * What every adapter promises, over real HTTP: each scenario is played against the bare server and the metered one; the
 * client must see the same status, headers and bytes, and the accounting law must hold.
 */
export function testAdapter(name: string, { start, gaps = {} }: AdapterSuite): void {
  describe(name, () => {
    let server: AdapterServer
    const column: Column = { adapter: name, scenarios: {} }

    beforeAll(async () => {
      server = await start()
    })

    afterAll(() => server?.close())

    const hidden = gaps.framing === undefined ? [] : FRAMING
    const rows = Object.entries(SCENARIOS) as [ScenarioName, Scenario][]

    for (const [scenarioName, scenario] of rows.filter(([row]) => gaps[row] === undefined))
      test(`${scenarioName}: ${scenario.title}`, async () => {
        column.scenarios[scenarioName] = { account: await play(scenarioName, scenario, server, hidden) }
      })

    for (const [scenarioName, scenario] of rows.filter(([row]) => gaps[row] !== undefined)) {
      const gap = gaps[scenarioName] ?? ''
      test.fails(`${scenarioName}: a gap, ${gap}`, async () => {
        column.scenarios[scenarioName] = { gap }
        await play(scenarioName, scenario, server, hidden)
      })
    }

    test('the table of runtime-tests/README.md shows this', () => expectColumn(column))
  })
}
