import { testAdapter } from '@withusage/testing'
import { startScenarios } from '../test/support/program.ts'

testAdapter('core on Node 22', { start: () => startScenarios('node22') })
testAdapter('core on Node 26', { start: () => startScenarios('node26') })
