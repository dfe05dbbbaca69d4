import { readdirSync, readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { judgeSpoilt } from './judge.ts'
import { type Framing, partsOf } from './parts.ts'

const FIXTURES = new URL('../fixtures/', import.meta.url)
const CONTENT_TYPES: Record<Framing, string> = {
  json: 'application/json',
  'json-array': 'application/json',
  ndjson: 'application/x-ndjson',
  sse: 'text/event-stream',
  eventstream: 'application/vnd.amazon.eventstream',
}

const bodies = readdirSync(FIXTURES, { recursive: true })
  .map(String)
  .filter((file) => (file.split('.').at(-1) as string) in CONTENT_TYPES && !file.endsWith('expected.json'))

it('a fixture that is cut, spoilt or out of order gives counts that were told, or none', () => {
  const found: string[] = []
  let judged = 0
  for (const file of bodies) {
    const framing = file.split('.').at(-1) as Framing
    const headers = new Headers({ 'content-type': CONTENT_TYPES[framing] })
    const parts = partsOf(framing, new Uint8Array(readFileSync(new URL(file, FIXTURES))))
    for (const { what, fault } of judgeSpoilt({ headers }, parts)) {
      judged++
      if (fault !== null) found.push(`${file} ${what}: ${fault}`)
    }
  }
  expect(found).toEqual([])
  expect(judged).toBeGreaterThan(20_000)
}, 60_000)
