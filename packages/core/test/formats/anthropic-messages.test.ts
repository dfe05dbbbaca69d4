import { testFormat } from '@withusage/testing'
import { createMeter } from '../../src/meter/create-meter.ts'

testFormat({
  format: 'anthropic-messages',
  operation: 'chat',
  fixtures: new URL('../fixtures/anthropic-messages/', import.meta.url),
  createMeter,
})
