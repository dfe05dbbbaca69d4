import { testDisconnect } from '@withusage/testing'
import { startEndings, startWorkerEndings } from '../test/support/program.ts'
import { RACES_2026_07, WORKERD_2026_07, WORKERD_2026_11 } from '../test/support/workerd-gaps.ts'

const framework = 'Hono'
const WORKER = 'workerd-hono.ts'

testDisconnect({ framework, runtime: 'Node 22' }, { start: () => startEndings('node22', 'node-hono.ts') })
testDisconnect({ framework, runtime: 'Node 24' }, { start: () => startEndings('node', 'node-hono.ts') })
testDisconnect({ framework, runtime: 'Node 26' }, { start: () => startEndings('node26', 'node-hono.ts') })
testDisconnect({ framework, runtime: 'Deno' }, { start: () => startEndings('deno', 'deno-hono.ts') })
testDisconnect({ framework, runtime: 'Bun' }, { start: () => startEndings('bun', 'bun-hono.ts') })
testDisconnect(
  { framework, runtime: 'workerd 2026-07' },
  { start: () => startWorkerEndings('miniflare', WORKER), gaps: WORKERD_2026_07, races: RACES_2026_07 },
)
testDisconnect(
  { framework, runtime: 'workerd 2026-11' },
  { start: () => startWorkerEndings('latest', WORKER), gaps: WORKERD_2026_11 },
)
