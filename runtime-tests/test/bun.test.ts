import { testAdapter } from '@withusage/testing'
import { startScenarios } from './support/program.ts'

testAdapter('Bun', { start: () => startScenarios('bun') })
