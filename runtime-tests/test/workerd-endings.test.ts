import { testDisconnect } from '@withusage/testing'
import { startWorkerEndings } from './support/program.ts'
import { WORKERD_2026_11 } from './support/workerd-gaps.ts'

testDisconnect(
  { framework: 'Fetch', runtime: 'workerd 2026-11' },
  { start: () => startWorkerEndings('latest'), gaps: WORKERD_2026_11 },
)
