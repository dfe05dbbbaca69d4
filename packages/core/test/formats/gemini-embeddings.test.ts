import { testFormat } from '@withusage/testing'
import { createMeter } from '../../src/meter/create-meter.ts'

testFormat({
  format: 'gemini-embeddings',
  operation: 'embeddings',
  fixtures: new URL('../fixtures/gemini-embeddings/', import.meta.url),
  createMeter,
})
