import { readdirSync, readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { TOKEN_FIELDS } from '../../src/record.ts'
import { type BodyOptions, bytesOf, CHAT, readBody, usageChunk } from './body.ts'

const contentType = fc.constantFrom('application/json', 'text/event-stream', 'application/x-ndjson', 'text/plain', null)

/** Pieces of which bodies are made that look like a transport, and like the edge between two. */
const piece = fc.constantFrom(
  ...[
    '\n',
    '\r',
    '\r\n',
    '\n\n',
    '\ufeff',
    ' ',
    ':',
    ': ping',
    'data',
    'data:',
    'data: ',
    'event: usage',
    'id: 1',
    'retry: 9',
  ],
  ...['error: x', 'é🍎', '[DONE]', '{', '}', '{"a":1}', '{"model":"m","done":true,"response":"","eval_count":5}'],
  ...[CHAT, usageChunk(1, 2), `data: ${usageChunk(3, 4)}\n\n`, `${usageChunk(5, 6)}\n`],
)
const body = fc.array(piece, { maxLength: 30 }).map((pieces) => bytesOf(pieces.join('')))
const noise = fc.uint8Array({ maxLength: 400 })
const bounds = fc.record({
  maxEventBytes: fc.integer({ min: 1, max: 400 }),
  maxBodyBytes: fc.integer({ min: 1, max: 400 }),
})

function* cut(bytes: Uint8Array, sizes: readonly number[]): Generator<Uint8Array> {
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const size = sizes[turn % sizes.length] as number
    yield bytes.slice(at, at + size)
    at += size
  }
}

describe('the reading of a body', () => {
  it('does not depend on how the bytes are cut', () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 8 })
    fc.assert(
      fc.property(fc.oneof(body, noise), sizes, contentType, fc.option(bounds), (bytes, cuts, type, limits) => {
        const options: BodyOptions = { contentType: type, ...limits }
        expect(readBody(cut(bytes, cuts), options)).toEqual(readBody(bytes, options))
      }),
      { numRuns: 3000 },
    )
  })

  it('has a reason exactly when it has no lines', () => {
    fc.assert(
      fc.property(fc.oneof(body, noise), contentType, fc.option(bounds), (bytes, type, limits) => {
        const { lines, reason } = readBody(bytes, { contentType: type, ...limits })
        expect(reason === null).toBe(lines.length > 0)
      }),
      { numRuns: 1000 },
    )
  })
})

const fixtures = new URL('../fixtures/', import.meta.url)
const documents = readdirSync(fixtures, { recursive: true })
  .map(String)
  .filter((file) => file.endsWith('.json') && !file.endsWith('expected.json'))
  .map((file) => JSON.parse(readFileSync(new URL(file, fixtures), 'utf8')) as unknown)

/** A document in which one value, somewhere, is another. */
function mutate(value: unknown, path: readonly number[], other: unknown): unknown {
  const [step, ...rest] = path
  if (step === undefined || typeof value !== 'object' || value === null) return other
  const keys = Object.keys(value)
  const key = keys[step % Math.max(1, keys.length)]
  if (key === undefined) return other
  const changed = mutate((value as Record<string, unknown>)[key], rest, other)
  return Array.isArray(value) ? value.with(Number(key), changed) : { ...value, [key]: changed }
}

function numbersIn(value: unknown): number[] {
  if (typeof value === 'number') return [value]
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(numbersIn) : []
}

/** Every sum of some of the numbers, and what such a sum leaves of another number. */
function accountable(numbers: readonly number[]): Set<number> {
  const sums = new Set([0])
  for (const number of numbers) for (const sum of [...sums]) sums.add(sum + number)
  for (const number of numbers) for (const part of numbers) sums.add(number - part)
  return sums
}

describe('a document that was tampered with', () => {
  it('never yields a count that is not in it, nor a sum or a difference of such', () => {
    const path = fc.array(fc.nat({ max: 9 }), { minLength: 1, maxLength: 4 })
    const other = fc.oneof(fc.jsonValue({ maxDepth: 2 }), fc.nat({ max: 5000 }), fc.constant(undefined))
    fc.assert(
      fc.property(fc.constantFrom(...documents), path, other, (document, steps, value) => {
        const text = JSON.stringify(mutate(document, steps, value)) ?? ''
        const { lines } = readBody(text)
        if (lines.length === 0) return
        const usage = numbersIn(JSON.parse(text)).filter((number) => Number.isSafeInteger(number) && number < 1e9)
        const allowed = accountable(usage.slice(-16))
        for (const line of lines) {
          for (const field of TOKEN_FIELDS) {
            const count = line[field]
            if (count !== null && count < 1e9) expect(allowed).toContain(count)
          }
        }
      }),
      { numRuns: 2000 },
    )
  })
})
