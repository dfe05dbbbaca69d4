import { testFormat } from '@withusage/testing'
import { createMeter } from '../../src/meter/create-meter.ts'

testFormat({
  format: 'cohere-embed',
  operation: 'embeddings',
  fixtures: new URL('../fixtures/cohere-embed/', import.meta.url),
  createMeter,
})
