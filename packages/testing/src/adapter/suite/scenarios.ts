import { bodies } from './bodies.ts'
import { breaks } from './breaks.ts'
import { compressed } from './compressed.ts'
import { connections } from './connections.ts'
import { flow } from './flow.ts'
import { heads } from './heads.ts'
import type { Scenario } from './scenario.ts'

/** Every scenario of the suite, in the order of the table. */
export const SCENARIOS = { ...bodies, ...heads, ...breaks, ...flow, ...connections, ...compressed } satisfies Record<
  string,
  Scenario
>

export type ScenarioName = keyof typeof SCENARIOS
