export { expectAccounted, expectStoredAccount } from './accounting.ts'
export { type Cell, type Column, MATRIX_FOLDER } from './adapter/matrix.ts'
export { routes, servedHere } from './adapter/served.ts'
export { SCENARIOS } from './adapter/suite/scenarios.ts'
export type { AdapterServer, AdapterSuite } from './adapter/test-adapter.ts'
export { testAdapter } from './adapter/test-adapter.ts'
export { createBooks } from './books.ts'
export { ENDING_NAMES, ENDINGS_FOLDER, type EndingColumn } from './disconnect/table.ts'
export type { DisconnectSuite, EndingServer, Race } from './disconnect/test-disconnect.ts'
export { testDisconnect } from './disconnect/test-disconnect.ts'
export type { Fault, FaultyStore } from './faulty-store.ts'
export {
  chokingOn,
  failing,
  faultyStore,
  hanging,
  inTurn,
  losingAnswers,
  refusing,
  slow,
  sound,
} from './faulty-store.ts'
export { loadFixtures } from './fixture-files.ts'
export type { Cut } from './fixture-player.ts'
export { CUTS, playBody } from './fixture-player.ts'
export { arbitraryRecord } from './record-arbitrary.ts'
export { SAMPLE_TIME, sampleId, sampleRecord, sampleRequest, sampleTally } from './sample-record.ts'
export type { CreateStore } from './store/with-store.ts'
export type { FormatSuite } from './test-format.ts'
export { testFormat } from './test-format.ts'
export { testStore } from './test-store.ts'
export { openUpstream, type Upstream, type UpstreamCall } from './upstream.ts'
