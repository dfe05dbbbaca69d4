import { testDisconnect } from '@withusage/testing'
import { startEndings } from '../test/support/program.ts'

const framework = 'Express 5'
const SERVER = 'express.ts'

testDisconnect({ framework, runtime: 'Node 22' }, { start: () => startEndings('node22', SERVER) })
testDisconnect({ framework, runtime: 'Node 24' }, { start: () => startEndings('node', SERVER) })
testDisconnect({ framework, runtime: 'Node 26' }, { start: () => startEndings('node26', SERVER) })
testDisconnect({ framework, runtime: 'Deno' }, { start: () => startEndings('deno', SERVER) })
testDisconnect({ framework, runtime: 'Bun' }, { start: () => startEndings('bun', SERVER) })
