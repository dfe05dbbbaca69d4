import { testFormat } from '@withusage/testing'
import { createMeter } from '../../src/meter/create-meter.ts'

testFormat({
  format: 'cohere-v1',
  operation: null,
  fixtures: new URL('../fixtures/cohere-v1/', import.meta.url),
  createMeter,
})
