import { testFormat } from '@withusage/testing'
import { createMeter } from '../../src/meter/create-meter.ts'

testFormat({
  format: 'openai-completions',
  operation: 'text_completion',
  fixtures: new URL('../fixtures/openai-completions/', import.meta.url),
  createMeter,
})
