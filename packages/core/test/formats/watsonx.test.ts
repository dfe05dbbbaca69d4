import { testFormat } from '@withusage/testing'
import { createMeter } from '../../src/meter/create-meter.ts'

testFormat({
  format: 'watsonx',
  operation: null,
  fixtures: new URL('../fixtures/watsonx/', import.meta.url),
  createMeter,
})
