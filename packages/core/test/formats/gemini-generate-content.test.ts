import { testFormat } from '@withusage/testing'
import { createMeter } from '../../src/meter/create-meter.ts'

testFormat({
  format: 'gemini-generate-content',
  operation: 'generate_content',
  fixtures: new URL('../fixtures/gemini-generate-content/', import.meta.url),
  createMeter,
})
