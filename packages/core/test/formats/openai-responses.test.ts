import { testFormat } from '@withusage/testing'
import { createMeter } from '../../src/meter/create-meter.ts'

testFormat({
  format: 'openai-responses',
  operation: 'chat',
  fixtures: new URL('../fixtures/openai-responses/', import.meta.url),
  createMeter,
})
