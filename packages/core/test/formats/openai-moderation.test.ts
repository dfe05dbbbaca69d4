import { testFormat } from '@withusage/testing'
import { createMeter } from '../../src/meter/create-meter.ts'

testFormat({
  format: 'openai-moderation',
  operation: null,
  fixtures: new URL('../fixtures/openai-moderation/', import.meta.url),
  createMeter,
})
