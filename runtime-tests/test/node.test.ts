import { testAdapter } from '@withusage/testing'
import { startScenarios } from './support/program.ts'

const COMPRESSION = 'the bridge to Node has no compression of its own to mount'

testAdapter('core on Node', {
  start: () => startScenarios('node'),
  gaps: {
    'compression mounted before': COMPRESSION,
    'compression mounted after': COMPRESSION,
    'compressed and stamped': COMPRESSION,
  },
})
