import { readdirSync } from 'node:fs'
import { loadFixtures } from '@withusage/testing'
import { describe, expect, it } from 'vitest'
import { builtInFormats, gatewayFormats } from '../../src/formats/built-in.ts'
import { metering, post } from '../support/metered.ts'

const NOWHERE = 'https://llm-gateway.unknown.example/proxy/7f3a'
const FOLDER = new URL('../fixtures/', import.meta.url)

const known = [...builtInFormats, ...gatewayFormats].map(({ name }) => name)

/** Formats are chosen by what a body is, so that of a host and a path that nobody knows is read the same. */
describe('behind a host and a path that nobody knows', () => {
  it.each(known)('%s gives the records that it gives anywhere', async (format) => {
    for (const { file, contentType, headers, body, expected } of loadFixtures(new URL(`${format}/`, FOLDER))) {
      const { wrap, records, recorder } = metering()
      const handler = wrap(async () => new Response(body, { headers: { ...headers, 'content-type': contentType } }))
      await (await handler(post(NOWHERE))).text()
      const { lines = [], model = null, replay } = expected
      const billed = replay && !replay.billable ? [] : lines
      const sent = billed.map((line) => ({ format, servedModel: model, ...withoutReadingsOwn(line) }))
      expect(await records(), file).toMatchObject(sent)
      if (billed.length === 0) expect(recorder.stats(), file).toMatchObject({ recorded: 0, requests: 1 })
    }
  })

  it('there are fixtures of every format, and of no other', () => {
    expect(
      readdirSync(FOLDER)
        .filter((name) => name !== 'README.md')
        .toSorted(),
    ).toEqual(known.toSorted())
  })
})

/** A record names the model otherwise, and one of a response that was read to its end is final. */
function withoutReadingsOwn({ model, final: _final, ...counts }: { model?: string | null; final?: boolean }): object {
  return model === undefined ? counts : { ...counts, servedModel: model }
}
