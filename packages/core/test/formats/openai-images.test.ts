import { testFormat } from '@withusage/testing'
import { createMeter } from '../../src/meter/create-meter.ts'

testFormat({
  format: 'openai-images',
  operation: null,
  fixtures: new URL('../fixtures/openai-images/', import.meta.url),
  createMeter,
})
