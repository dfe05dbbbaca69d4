import { testDisconnect } from '@withusage/testing'
import { startWorkerEndings } from '../test/support/program.ts'
import { RACES_2026_07, WORKERD_2026_07 } from '../test/support/workerd-gaps.ts'

testDisconnect(
  { framework: 'Fetch', runtime: 'workerd 2026-07' },
  { start: () => startWorkerEndings('miniflare'), gaps: WORKERD_2026_07, races: RACES_2026_07 },
)
