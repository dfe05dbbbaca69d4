import { testFormat } from '@withusage/testing'
import { createMeter } from '../../src/meter/create-meter.ts'

testFormat({
  format: 'openai-embeddings',
  operation: 'embeddings',
  fixtures: new URL('../fixtures/openai-embeddings/', import.meta.url),
  createMeter,
})
