import { testFormat } from '@withusage/testing'
import { createMeter } from '../../src/meter/create-meter.ts'

testFormat({
  format: 'meta-llama',
  operation: 'text_completion',
  fixtures: new URL('../fixtures/meta-llama/', import.meta.url),
  createMeter,
})
