import { type Meter, type MeterResponse, type Reading, TOKEN_FIELDS, type UsageLine } from '@withusage/core'
import { describe, expect, it } from 'vitest'
import { type Fixture, loadFixtures, type Variant, variantsOf } from './fixture-files.ts'
import { CUTS, playBody } from './fixture-player.ts'

export interface FormatSuite {
  /** The format's name, as readings give it. */
  format: string
  /** `null` when it differs from fixture to fixture. */
  operation: string | null
  /** Folder with bodies and `expected.json`; its URL ends with a slash. */
  fixtures: URL
  createMeter(response: MeterResponse): Meter
}

/** Every fixture of a format, in every framing and every cut, gives the reading that `expected.json` names. */
export function testFormat(suite: FormatSuite): void {
  describe(`format ${suite.format}`, () => {
    for (const fixture of loadFixtures(suite.fixtures)) {
      it(`reads ${fixture.file}: ${fixture.expected.about}`, () => {
        for (const variant of variantsOf(fixture)) {
          const body = new TextEncoder().encode(variant.body)
          const headers = headersOf(variant, fixture)
          for (const [cut, sizes] of Object.entries(CUTS)) {
            const reading = playBody(suite.createMeter({ headers }), body, sizes)
            const { raw, streamed, interrupted: _interrupted, ...rest } = reading
            expect(rest, `${variant.name}, ${cut}`).toEqual(readingOf(suite, fixture.expected))
            expect(raw === null, 'there is a raw usage object exactly when there are lines').toBe(
              rest.lines.length === 0,
            )
            expect(streamed).toBe(!fixture.file.endsWith('.json'))
          }
        }
      })
    }
  })
}

function headersOf({ contentType }: Variant, fixture: Fixture): Headers {
  return new Headers({ ...fixture.headers, ...(contentType !== null && { 'content-type': contentType }) })
}

function readingOf(
  suite: FormatSuite,
  expected: Fixture['expected'],
): Omit<Reading, 'raw' | 'streamed' | 'interrupted'> {
  const { about: _about, lines = [], replay, model = null, ...rest } = expected
  return {
    format: suite.format,
    operation: suite.operation,
    responseId: null,
    reason: null,
    prefillTokens: null,
    draftTokens: null,
    ...rest,
    model,
    lines: lines.map((line) => lineOf(line, model)),
    replay: replay ? { ...replay, createdAt: new Date(replay.createdAt) } : null,
  }
}

function lineOf(line: Partial<UsageLine>, model: string | null): UsageLine {
  const unknown = Object.fromEntries(TOKEN_FIELDS.map((field) => [field, null])) as Record<
    (typeof TOKEN_FIELDS)[number],
    null
  >
  const rest = { units: null, serviceTier: null, providerCostNanoUsd: null, consistent: true, final: true }
  return { ...unknown, ...rest, model, ...line }
}
