import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { builtInFormats } from '../../src/formats/built-in.ts'
import type { FormatHints, WireEvent } from '../../src/formats/format.ts'
import { createMeter } from '../../src/meter/create-meter.ts'

const fixtures = new URL('../fixtures/', import.meta.url)
const hints: FormatHints = { path: '', method: 'POST', headers: new Headers() }

/** The events of a body, as the meter shows them to formats. `arrays`: to those that read arrays as they come. */
function eventsOf(body: Uint8Array, arrays: boolean): WireEvent[] {
  const events: WireEvent[] = []
  const listener = {
    name: 'listener',
    operation: null,
    arrays,
    matches: () => true,
    start: () => null,
    read: (_seen: unknown, event: WireEvent) => events.push(event),
    finish: () => ({ model: null, responseId: null, lines: [], raw: null }),
  }
  const meter = createMeter({ headers: new Headers() }, { formats: [listener] })
  meter.write(body)
  meter.end()
  return events
}

describe.each(builtInFormats.map(({ name }) => name))('events of %s', (name) => {
  const folder = new URL(`${name}/`, fixtures)
  const bodies = readdirSync(folder).filter((file) => file !== 'expected.json')

  it('are claimed by no other format', () => {
    for (const file of bodies)
      for (const event of eventsOf(readFileSync(new URL(file, folder)), file.endsWith('.json-array'))) {
        const claims = builtInFormats.filter((format) => format.matches(event, hints)).map((format) => format.name)
        expect([[], [name]], `${file}: ${JSON.stringify(event.data)?.slice(0, 200)}`).toContainEqual(claims)
      }
  })
})
