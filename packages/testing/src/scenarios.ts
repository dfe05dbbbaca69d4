/** The server's half of `testAdapter`, for servers of any runtime: pure Fetch and `@withusage/core`. */
export type { ScenarioServer, ScenarioServerOptions } from './adapter/server/scenario-server.ts'
export { scenarioServer } from './adapter/server/scenario-server.ts'
