import { testFormat } from '@withusage/testing'
import { createMeter } from '../../src/meter/create-meter.ts'

testFormat({
  format: 'openai-speech',
  operation: null,
  fixtures: new URL('../fixtures/openai-speech/', import.meta.url),
  createMeter,
})
