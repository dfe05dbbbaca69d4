import { testFormat } from '@withusage/testing'
import { createMeter } from '../../src/meter/create-meter.ts'

testFormat({
  format: 'openai-chat',
  operation: 'chat',
  fixtures: new URL('../fixtures/openai-chat/', import.meta.url),
  createMeter,
})
