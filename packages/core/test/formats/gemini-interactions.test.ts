import { testFormat } from '@withusage/testing'
import { createMeter } from '../../src/meter/create-meter.ts'

testFormat({
  format: 'gemini-interactions',
  operation: 'chat',
  fixtures: new URL('../fixtures/gemini-interactions/', import.meta.url),
  createMeter,
})
