import { testAdapter } from '@withusage/testing'
import { startScenarios } from './support/program.ts'

const COMPRESSION = 'Deno.serve has no compression of its own to mount'

testAdapter('Deno', {
  start: () => startScenarios('deno'),
  gaps: {
    framing: 'Deno knows the length of no stream, and a body that is read through is one: it is sent chunked',
    'framing untouched': 'Deno sends a body as a stream once its headers and its `body` were looked at',
    'compression mounted before': COMPRESSION,
    'compression mounted after': COMPRESSION,
    'compressed and stamped': COMPRESSION,
  },
})
