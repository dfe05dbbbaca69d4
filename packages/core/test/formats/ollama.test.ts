import { testFormat } from '@withusage/testing'
import { createMeter } from '../../src/meter/create-meter.ts'

testFormat({
  format: 'ollama',
  operation: null,
  fixtures: new URL('../fixtures/ollama/', import.meta.url),
  createMeter,
})
