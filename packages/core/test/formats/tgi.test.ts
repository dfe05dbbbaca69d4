import { testFormat } from '@withusage/testing'
import { createMeter } from '../../src/meter/create-meter.ts'

testFormat({
  format: 'tgi',
  operation: 'text_completion',
  fixtures: new URL('../fixtures/tgi/', import.meta.url),
  createMeter,
})
