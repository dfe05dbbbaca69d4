import { testFormat } from '@withusage/testing'
import { createMeter } from '../../src/meter/create-meter.ts'

testFormat({
  format: 'vertex-predict',
  operation: null,
  fixtures: new URL('../fixtures/vertex-predict/', import.meta.url),
  createMeter,
})
