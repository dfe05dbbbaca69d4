import { testDisconnect } from '@withusage/testing'
import { type Runtime, startEndings } from '../test/support/program.ts'

const ENDED_BY_WHOM =
  "Deno's node:http says of a connection that the server breaks what it says of one that the client ends"

const onNode = (runtime: Runtime) => ({ start: () => startEndings(runtime, 'express.ts') })

testDisconnect({ framework: 'Express 5', runtime: 'Node 22' }, onNode('node22'))
testDisconnect({ framework: 'Express 5', runtime: 'Node 24' }, onNode('node'))
testDisconnect({ framework: 'Express 5', runtime: 'Node 26' }, onNode('node26'))
testDisconnect({ framework: 'Express 5', runtime: 'Bun' }, onNode('bun'))
testDisconnect(
  { framework: 'Express 5', runtime: 'Deno' },
  {
    start: () => startEndings('denoAllowingAll', 'express.ts'),
    gaps: {
      'upstream breaks mid-event': ENDED_BY_WHOM,
      'upstream breaks before any count': ENDED_BY_WHOM,
    },
  },
)
