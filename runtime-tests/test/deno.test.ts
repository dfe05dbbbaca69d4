import { testAdapter } from '@withusage/testing'
import { startScenarios } from './support/program.ts'

const COMPRESSION = 'Deno.serve has no compression of its own to mount'

testAdapter('Deno', {
  start: () => startScenarios('deno'),
  gaps: {
    framing:
      'Deno tells nobody which body it holds whole: one that is read through is a stream to it, and sent chunked',
    'compression mounted before': COMPRESSION,
    'compression mounted after': COMPRESSION,
    'compressed and stamped': COMPRESSION,
  },
})
