import { testFormat } from '@withusage/testing'
import { createMeter } from '../../src/meter/create-meter.ts'

testFormat({
  format: 'openai-transcription',
  operation: null,
  fixtures: new URL('../fixtures/openai-transcription/', import.meta.url),
  createMeter,
})
