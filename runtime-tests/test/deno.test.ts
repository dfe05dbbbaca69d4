import { testAdapter } from '@withusage/testing'
import { startScenarios } from './support/program.ts'

testAdapter('Deno', {
  start: () => startScenarios('deno'),
  gaps: {
    framing:
      'Deno tells nobody which body it holds whole: one that is read through is a stream to it, and sent chunked',
  },
})
