import { readdirSync, readFileSync } from 'node:fs'
import { createMeter } from '../../src/meter/create-meter.ts'
import type { Reading } from '../../src/types.ts'
import { chunkMessage, eventMessage } from '../support/aws-messages.ts'
import { bytesOf } from '../support/bodies.ts'
import { brokenSums } from './told.ts'

/** What came of reading many bodies that no one would send. */
export interface Fuzzed {
  tried: number
  threw: number
  /** Readings that took longer than their length allows, the best of three times. */
  slow: number
  /** Readings that break the rules that hold for any. */
  lawless: number
  /** Microseconds a byte of the slowest body of 1 KiB or more, the best of three times. */
  slowest: number
  /** The first thing that was found, and the turn that makes it again. */
  found: string | null
}

/** A body of n bytes is read within so many milliseconds. */
const allowedMs = (bytes: number): number => 20 + bytes * 0.002

const CONTENT_TYPES = [
  ...['application/json', 'text/event-stream', 'application/x-ndjson', 'application/vnd.amazon.eventstream'],
  ...['application/octet-stream', 'text/plain', ''],
]

/** Reads so many bodies: made up in every framing or made from fixtures, spoilt, and cut at random. The seed is all of it. */
export function fuzz(options: { runs: number; seed: number }): Fuzzed {
  const bodies = sources()
  const fuzzed: Fuzzed = { tried: 0, threw: 0, slow: 0, lawless: 0, slowest: 0, found: null }
  for (let turn = 0; turn < options.runs; turn++) {
    const random = randomFrom(options.seed + turn)
    const body = spoilt(bodies, random)
    const chunks = cut(body, random)
    const contentType = random.of(CONTENT_TYPES)
    const note = (kind: 'threw' | 'slow' | 'lawless', what: string): void => {
      fuzzed[kind]++
      fuzzed.found ??= `seed ${options.seed + turn}: ${what}`
    }
    fuzzed.tried++
    try {
      const { reading, ms } = timed(chunks, contentType, body.length)
      if (ms > allowedMs(body.length)) note('slow', `${ms} ms for ${body.length} bytes`)
      if (body.length >= 1024) fuzzed.slowest = Math.max(fuzzed.slowest, (ms * 1000) / body.length)
      const broken = brokenSums(reading)
      if (broken !== null) note('lawless', broken)
    } catch (error) {
      note('threw', String(error))
    }
  }
  return fuzzed
}

/** What else the machine does falls on one time, not on three. */
function timed(chunks: readonly Uint8Array[], contentType: string, length: number): { reading: Reading; ms: number } {
  let best = Number.POSITIVE_INFINITY
  for (let time = 0; ; time++) {
    const start = performance.now()
    const meter = createMeter({ headers: new Headers(contentType ? { 'content-type': contentType } : {}) })
    for (const chunk of chunks) meter.write(chunk)
    const reading = meter.end()
    best = Math.min(best, performance.now() - start)
    if (time === 2 || best < 1 + length * 0.0002) return { reading, ms: best }
  }
}

interface Random {
  below(limit: number): number
  of<Value>(values: readonly Value[]): Value
}

/** The same numbers for the same seed (mulberry32). */
function randomFrom(seed: number): Random {
  let state = seed | 0
  function below(limit: number): number {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * limit)
  }
  return { below, of: <Value>(values: readonly Value[]) => values[below(values.length)] as Value }
}

const FIXTURES = new URL('../fixtures/', import.meta.url)

/** The fixtures, and the events of each in the other framings. */
function sources(): Uint8Array[] {
  const files = readdirSync(FIXTURES, { recursive: true }).map(String)
  const texts = files
    .filter((file) => /\.(json|json-array|ndjson|sse)$/.test(file) && !file.endsWith('expected.json'))
    .map((file) => readFileSync(new URL(file, FIXTURES), 'utf8'))
  return texts.flatMap((text) => [bytesOf(text), ...reframed(text)])
}

function reframed(text: string): Uint8Array[] {
  const events = text
    .split('\n')
    .map((line) => line.replace(/^data: /, ''))
    .filter((line) => /^\{.*\}$/.test(line))
  if (events.length === 0) return []
  const parsed = events.map((event) => JSON.parse(event) as unknown)
  return [
    bytesOf(`[${events.join(',')}]`),
    bytesOf(events.join('\n')),
    bytesOf(events.map((event) => `data: ${event}\r\n\r\n`).join('')),
    Buffer.concat(parsed.map((event) => chunkMessage(event))),
    Buffer.concat(parsed.map((event) => eventMessage('metadata', event))),
  ]
}

/** What breaks parsers: framing, nesting, escapes, numbers at their edges, halves of characters. */
const SPLINTERS = [
  ...[
    '\n',
    '\r',
    '\r\n\r\n',
    '\ufeff',
    'data:',
    'data: [DONE]\n\n',
    ':',
    'event: error\n',
    'id',
    '"',
    '\\',
    '\\u',
    '\u0000',
  ],
  ...['{', '}', '[', ']', ',', '[[[[[[[[', '{"a":', '-', '1e999', '9007199254740993', '-0', 'null', 'true', '"usage":'],
  ...['"usage":{"prompt_tokens":1e3}', '"__proto__":{"prompt_tokens":7}', '{"done":true}', '{"type":"error"}', '🍎'],
].map(bytesOf)

function spoilt(bodies: readonly Uint8Array[], random: Random): Uint8Array {
  let body = random.below(10) === 0 ? noise(random) : random.of(bodies)
  for (let times = random.below(6); times > 0; times--) body = spoil(body, bodies, random)
  return body
}

function noise(random: Random): Uint8Array {
  const pieces = Array.from({ length: random.below(40) }, () =>
    random.below(3) === 0
      ? Uint8Array.from({ length: random.below(20) }, () => random.below(256))
      : random.of(SPLINTERS),
  )
  return Buffer.concat(pieces)
}

function spoil(body: Uint8Array, bodies: readonly Uint8Array[], random: Random): Uint8Array {
  const from = random.below(body.length + 1)
  const to = Math.min(body.length, from + random.below(random.below(4) === 0 ? body.length + 1 : 20))
  const [before, part, after] = [body.subarray(0, from), body.subarray(from, to), body.subarray(to)]
  const other = random.of(bodies)
  switch (random.below(7)) {
    case 0:
      return before
    case 1:
      return Buffer.concat([before, after])
    case 2:
      return Buffer.concat([before, part, part, after])
    case 3:
      return Buffer.concat([before, random.of(SPLINTERS), after])
    case 4:
      return Buffer.concat([before, Uint8Array.of(random.below(256)), after.subarray(1)])
    case 5:
      return Buffer.concat([before, other.subarray(random.below(other.length))])
    default:
      return Buffer.concat([before, ...Array.from({ length: random.below(100) }, () => random.of(SPLINTERS)), after])
  }
}

function cut(body: Uint8Array, random: Random): Uint8Array[] {
  const most = random.of([1, 7, 64, 1000, 100_000])
  const chunks: Uint8Array[] = []
  for (let at = 0; at < body.length; ) {
    const size = 1 + random.below(most)
    chunks.push(body.subarray(at, at + size))
    at += size
  }
  return chunks
}
