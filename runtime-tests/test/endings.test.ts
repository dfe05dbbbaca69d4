import { testDisconnect } from '@withusage/testing'
import { type Runtime, startEndings } from './support/program.ts'

const RUNTIMES: Partial<Record<Runtime, string>> = {
  node22: 'Node 22',
  node: 'Node 24',
  node26: 'Node 26',
  deno: 'Deno',
  bun: 'Bun',
}

for (const [runtime, name] of Object.entries(RUNTIMES) as [Runtime, string][])
  testDisconnect({ framework: 'Fetch', runtime: name }, { start: () => startEndings(runtime) })
