import { testDisconnect } from '@withusage/testing'
import { startWorkerEndings } from './support/program.ts'
import { RACES_2026_07, WORKERD_2026_07, WORKERD_2026_11 } from './support/workerd-gaps.ts'

testDisconnect(
  { framework: 'Fetch', runtime: 'workerd 2026-07' },
  { start: () => startWorkerEndings('miniflare'), gaps: WORKERD_2026_07, races: RACES_2026_07 },
)
testDisconnect(
  { framework: 'Fetch', runtime: 'workerd 2026-11' },
  { start: () => startWorkerEndings('latest'), gaps: WORKERD_2026_11 },
)
