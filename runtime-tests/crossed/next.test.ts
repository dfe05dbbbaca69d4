import { testDisconnect } from '@withusage/testing'
import { buildNextApp } from '@withusage/testing/next-app'
import { beforeAll } from 'vitest'
import { NEXT_APP, startNextEndings } from '../test/support/next.ts'

const framework = 'Next.js'

beforeAll(() => buildNextApp(NEXT_APP))

testDisconnect({ framework, runtime: 'Node 22' }, { start: () => startNextEndings('node22') })
testDisconnect({ framework, runtime: 'Node 24' }, { start: () => startNextEndings('node') })
testDisconnect({ framework, runtime: 'Node 26' }, { start: () => startNextEndings('node26') })
testDisconnect({ framework, runtime: 'Bun' }, { start: () => startNextEndings('bun') })
