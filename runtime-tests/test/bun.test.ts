import { testAdapter } from '@withusage/testing'
import { startScenarios } from './support/program.ts'

const COMPRESSION = 'Bun.serve has no compression of its own to mount'

testAdapter('Bun', {
  start: () => startScenarios('bun'),
  gaps: {
    'compression mounted before': COMPRESSION,
    'compression mounted after': COMPRESSION,
    'compressed and stamped': COMPRESSION,
  },
})
