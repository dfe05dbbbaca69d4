import { testFormat } from '@withusage/testing'
import { createMeter } from '../../src/meter/create-meter.ts'

testFormat({
  format: 'ollama-embed',
  operation: 'embeddings',
  fixtures: new URL('../fixtures/ollama-embed/', import.meta.url),
  createMeter,
})
