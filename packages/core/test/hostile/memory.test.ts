import { describe, expect, it } from 'vitest'
import { stampUsage } from '../../src/context.ts'
import { encoded } from '../decode/compressed.ts'
import { chatCompletion, json, streamOf } from '../support/bodies.ts'
import { heldBytes } from '../support/held-bytes.ts'
import { metering, post } from '../support/metered.ts'
import { readerOf } from '../support/reading.ts'

const MEBIBYTE = 1024 * 1024

/** Random text that no runtime can store once for all, of 100 KB. */
const huge = (seed: number): string => `${seed}-${'y'.repeat(100_000)}`

/** What is still held of 120 requests when they are recorded, above what was held before. */
async function heldAfter(serve: (seed: number) => Promise<Response>): Promise<number> {
  await (await serve(0)).text()
  const before = heldBytes()
  for (let seed = 1; seed <= 120; seed++) await (await serve(seed)).text()
  return heldBytes() - before
}

describe('What a record keeps of a huge value', () => {
  it.each<[what: string, serve: (wrap: ReturnType<typeof metering>['wrap'], seed: number) => Promise<Response>]>([
    [
      'a correlation id',
      (wrap, seed) => wrap(() => json(chatCompletion()))(post(undefined, { headers: { 'x-request-id': huge(seed) } })),
    ],
    [
      'a traceparent',
      (wrap, seed) => {
        const traceparent = `01-${'ab'.repeat(16)}-${'cd'.repeat(8)}-01-${huge(seed)}`
        return wrap(() => json(chatCompletion()))(post(undefined, { headers: { traceparent } }))
      },
    ],
    [
      'a path with a model in it',
      (wrap, seed) =>
        wrap(() => json(chatCompletion()))(post(`https://llm.test/v1/models/a-model-of-${seed}/${huge(seed)}`)),
    ],
    ['a model', (wrap, seed) => wrap(() => json(chatCompletion({ model: huge(seed) })))(post())],
    [
      'a stamp',
      (wrap, seed) => {
        const say = (): void => stampUsage({ inputTokens: 1, model: huge(seed), tags: { a: huge(seed) } })
        return wrap(() => {
          say()
          return json({})
        })(post())
      },
    ],
    [
      'a usage object',
      (wrap, seed) =>
        wrap(() => json(chatCompletion({ usage: { prompt_tokens: 1, note: huge(seed), type: huge(seed) } })))(post()),
    ],
  ])('is no more than its limit: %s', async (_, serve) => {
    const { wrap, records } = metering()
    expect(await heldAfter((seed) => serve(wrap, seed))).toBeLessThan(3 * MEBIBYTE)
    expect(await records()).toHaveLength(121)
  })
})

describe('A compressed body', () => {
  it.each(['gzip', 'br', 'zstd'])('is held no more than a little, however much it would grow: %s', async (coding) => {
    const { wrap, recorder } = metering()
    const bomb = encoded(new Uint8Array(128 * MEBIBYTE), [coding])
    const filler = new Uint8Array(MEBIBYTE)
    const headers = { 'content-type': 'application/json', 'content-encoding': coding }
    const handler = wrap(() => new Response(streamOf([bomb, ...Array(60).fill(filler)]), { headers }))
    const before = heldBytes()
    const reader = readerOf(await handler(post()))
    let most = 0
    let chunks = 0
    for (let result = await reader.read(); !result.done; result = await reader.read()) {
      if (chunks++ % 10 === 0) most = Math.max(most, heldBytes() - before)
      if (chunks < 20) await new Promise((resolve) => setImmediate(resolve))
    }
    expect(most).toBeLessThan(20 * MEBIBYTE)
    await recorder.close()
    expect(heldBytes() - before).toBeLessThan(4 * MEBIBYTE)
    expect(Object.keys(recorder.stats().unrecorded)).toHaveLength(1)
  })
})
