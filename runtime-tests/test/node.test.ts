import { testAdapter } from '@withusage/testing'
import { startScenarios } from './support/program.ts'

testAdapter('core on Node', { start: () => startScenarios('node') })
