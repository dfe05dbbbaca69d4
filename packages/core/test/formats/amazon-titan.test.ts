import { testFormat } from '@withusage/testing'
import { createMeter } from '../../src/meter/create-meter.ts'

testFormat({
  format: 'amazon-titan',
  operation: null,
  fixtures: new URL('../fixtures/amazon-titan/', import.meta.url),
  createMeter,
})
