import { type Scenarios, scenarios } from '../servers/scenarios.ts'

const holder = globalThis as { scenarios?: Scenarios }

/** On `globalThis`: each route, and `instrumentation.ts`, has its own copy of this module. */
holder.scenarios ??= scenarios()

export const { scenario, control, books, options, impatient, draining } = holder.scenarios
