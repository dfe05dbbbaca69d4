import { testFormat } from '@withusage/testing'
import { createMeter } from '../../src/meter/create-meter.ts'

testFormat({
  format: 'cohere-chat',
  operation: 'chat',
  fixtures: new URL('../fixtures/cohere-chat/', import.meta.url),
  createMeter,
})
