import { testDisconnect } from '@withusage/testing'
import { buildNextApp } from '@withusage/testing/next-app'
import { beforeAll } from 'vitest'
import { NEXT_APP, startNextEndings } from '../test/support/next.ts'

const framework = 'Next.js'

const ONLY_THE_SIGNAL =
  'Next tells of a client that leaves before the response by the signal alone, and on Deno no signal is looked at'

beforeAll(() => buildNextApp(NEXT_APP))

testDisconnect({ framework, runtime: 'Node 22' }, { start: () => startNextEndings('node22') })
testDisconnect({ framework, runtime: 'Node 24' }, { start: () => startNextEndings('node') })
testDisconnect({ framework, runtime: 'Node 26' }, { start: () => startNextEndings('node26') })
testDisconnect({ framework, runtime: 'Bun' }, { start: () => startNextEndings('bun') })
testDisconnect(
  { framework, runtime: 'Deno' },
  {
    start: () => startNextEndings('denoAllowingAll'),
    gaps: { 'FIN before the response': ONLY_THE_SIGNAL, 'RST before the response': ONLY_THE_SIGNAL },
  },
)
