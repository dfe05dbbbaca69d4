/** The server's half of `testAdapter`, for servers of any runtime: pure Fetch and `@withusage/core`. */

export type { AccountReport, ScenarioServer, ScenarioServerOptions } from './adapter/server/scenario-server.ts'
export { scenarioServer } from './adapter/server/scenario-server.ts'
export { IDLE_TIMEOUT_MS } from './disconnect/idle-timeout.ts'
