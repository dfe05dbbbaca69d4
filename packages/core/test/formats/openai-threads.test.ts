import { testFormat } from '@withusage/testing'
import { createMeter } from '../../src/meter/create-meter.ts'

testFormat({
  format: 'openai-threads',
  operation: 'chat',
  fixtures: new URL('../fixtures/openai-threads/', import.meta.url),
  createMeter,
})
