import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { object } from '../../src/formats/wire.ts'
import { type BodyOptions, readBody } from '../meter/body.ts'
import { chunkMessage, eventMessage } from '../support/aws-messages.ts'

/** The formats that Bedrock streams, and how it wraps an event of each. */
const WRAPPED = {
  'bedrock-converse': (event: unknown) => (isInvoked(event) ? chunkMessage(event) : memberMessage(event)),
  'bedrock-invoke': chunkMessage,
  'amazon-titan': chunkMessage,
  'meta-llama': chunkMessage,
}

/** Nova's own format has the events of Converse, in chunks. */
function isInvoked(event: unknown): boolean {
  return object(event)?.['amazon-bedrock-invocationMetrics'] !== undefined
}

function memberMessage(event: unknown): Uint8Array {
  const [[name, payload] = ['', null]] = Object.entries(object(event) ?? {})
  return eventMessage(name, payload)
}

function singles(bytes: Uint8Array): Uint8Array[] {
  return Array.from(bytes, (byte) => Uint8Array.of(byte))
}

describe.each(Object.entries(WRAPPED))('a stream of %s', (format, wrap) => {
  const folder = new URL(`../fixtures/${format}/`, import.meta.url)

  it.each(readdirSync(folder).filter((file) => file.endsWith('.ndjson')))(
    'reads the same in AWS frames: %s',
    (file) => {
      const text = readFileSync(new URL(file, folder), 'utf8')
      const events: unknown[] = text
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line))
      const frames = new Uint8Array(Buffer.concat(events.map(wrap)))
      const options: BodyOptions = { contentType: 'application/vnd.amazon.eventstream' }
      const reading = readBody(text, { contentType: 'application/x-ndjson' })
      expect(readBody(frames, options)).toEqual(reading)
      expect(readBody(singles(frames), options)).toEqual(reading)
    },
  )
})
