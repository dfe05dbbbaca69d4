import { testFormat } from '@withusage/testing'
import { createMeter } from '../../src/meter/create-meter.ts'

testFormat({
  format: 'bedrock-converse',
  operation: 'chat',
  fixtures: new URL('../fixtures/bedrock-converse/', import.meta.url),
  createMeter,
})
