import { testFormat } from '@withusage/testing'
import { createMeter } from '../../src/meter/create-meter.ts'

testFormat({
  format: 'rerank',
  operation: 'rerank',
  fixtures: new URL('../fixtures/rerank/', import.meta.url),
  createMeter,
})
