import { describe, expect, it } from 'vitest'
import { stampUsage } from '../../src/context.ts'
import { bytesOf, chatCompletion, chatEvents, streamOf } from '../support/bodies.ts'
import { metering, post } from '../support/metered.ts'
import { chunksOf, readerOf } from '../support/reading.ts'
import { encoded, flushed, headerOf, STREAMED } from './compressed.ts'

const KIBIBYTE = 1024

function headersOf(contentType: string, coding: string): Record<string, string> {
  return { 'content-type': contentType, 'content-encoding': headerOf(coding) }
}

/** A metering whose records wait for what is still being decoded. */
function decoding() {
  const meter = metering()
  const acknowledged: Promise<void>[] = []
  return {
    ...meter,
    wrap: (respond: () => Response) => meter.wrap(respond, { waitUntil: (work) => void acknowledged.push(work) }),
    async accounted() {
      await meter.recorder.close()
      await Promise.all(acknowledged)
      return meter.records()
    },
  }
}

describe('A compressed response', () => {
  it.each(STREAMED)('goes to its client chunk by chunk as it is, and is recorded: %s', async (coding) => {
    const { wrap, accounted } = decoding()
    const chunks = await flushed(coding, chatEvents())
    const headers = headersOf('text/event-stream', coding)
    const response = await wrap(() => new Response(streamOf(chunks), { headers }))(post())
    expect(response.headers.get('content-encoding')).toBe(coding)
    expect(await chunksOf(response)).toEqual(chunks)
    expect(await accounted()).toMatchObject([
      { inputTokens: 9, outputTokens: 5, outcome: 'complete', final: true, streamed: true, evidence: 'body' },
    ])
  })

  it('does not wait for the decoder: the client has its last byte before anything is decoded', async () => {
    const { wrap, recorder, accounted } = decoding()
    const zipped = encoded(bytesOf(JSON.stringify(chatCompletion())), ['gzip'])
    const chunks = [...zipped].map((byte) => Uint8Array.of(byte))
    const headers = headersOf('application/json', 'gzip')
    const response = await wrap(() => new Response(streamOf(chunks), { headers }))(post())
    expect(await chunksOf(response)).toHaveLength(zipped.length)
    expect(recorder.stats().inFlight).toBe(1)
    expect(await accounted()).toMatchObject([{ inputTokens: 9, final: true }])
  })

  it.each(STREAMED)('whose client leaves is a record of what was told until then: %s', async (coding) => {
    const { wrap, accounted } = decoding()
    const chunks = await flushed(coding, [...chatEvents(), ...chatEvents()])
    const headers = headersOf('text/event-stream', coding)
    const reader = readerOf(await wrap(() => new Response(streamOf(chunks), { headers }))(post()))
    for (let read = 0; read < 5; read++) await reader.read()
    await reader.cancel()
    expect(await accounted()).toMatchObject([{ inputTokens: 9, outputTokens: 5, outcome: 'cancelled' }])
  })

  it.each(STREAMED)('whose client leaves before anything was told is counted: %s', async (coding) => {
    const { wrap, recorder, accounted } = decoding()
    const chunks = await flushed(coding, chatEvents())
    const headers = headersOf('text/event-stream', coding)
    const reader = readerOf(await wrap(() => new Response(streamOf(chunks), { headers }))(post()))
    await reader.read()
    await reader.cancel()
    expect(await accounted()).toEqual([])
    expect(recorder.stats().unrecorded).toEqual({ cancelled: 1 })
  })

  it('that upstream cuts off is not final', async () => {
    const { wrap, accounted } = decoding()
    const usage = { prompt_tokens: 9, completion_tokens: 2, total_tokens: 11 }
    const event = `data: ${JSON.stringify({ object: 'chat.completion.chunk', model: 'm', choices: [{ index: 0, delta: {} }], usage })}\n\n`
    const chunks = await flushed('gzip', [event, event, event])
    const headers = headersOf('text/event-stream', 'gzip')
    const body = (): Response => new Response(streamOf(chunks.slice(0, 2)), { headers })
    await (await wrap(body)(post())).arrayBuffer()
    expect(await accounted()).toMatchObject([{ inputTokens: 9, outputTokens: 2, outcome: 'complete', final: false }])
  })

  it('is settled at once when the recorder closes without waiting', async () => {
    const { wrap, recorder } = metering()
    const headers = headersOf('text/event-stream', 'gzip')
    const chunks = await flushed('gzip', chatEvents())
    await (await wrap(() => new Response(streamOf(chunks), { headers }))(post())).arrayBuffer()
    await recorder.close({ timeoutMs: 0 })
    expect(recorder.stats()).toMatchObject({ requests: 1, inFlight: 0 })
  })

  it('whose decoder falls behind goes on, and is counted', async () => {
    const { wrap, recorder, accounted } = decoding()
    const headers = headersOf('application/json', 'deflate')
    const noise = encoded(bytesOf(JSON.stringify(chatCompletion())), ['deflate without a header'])
    const chunks = [noise, ...Array(160).fill(new Uint8Array(64 * KIBIBYTE).fill(0xa5))]
    const response = await wrap(() => new Response(streamOf(chunks), { headers }))(post())
    expect(await chunksOf(response)).toHaveLength(chunks.length)
    expect(await accounted()).toEqual([])
    expect(recorder.stats().unrecorded).toEqual({ encoded_body: 1 })
  })

  it('that was stamped is recorded as stamped, whatever it holds', async () => {
    const { wrap, accounted } = decoding()
    const headers = headersOf('text/event-stream', 'gzip')
    const handler = wrap(() => {
      stampUsage({ inputTokens: 1, outputTokens: 2 })
      return new Response(streamOf([new Uint8Array(100)]), { headers })
    })
    await (await handler(post())).arrayBuffer()
    expect(await accounted()).toMatchObject([{ inputTokens: 1, outputTokens: 2, evidence: 'stamp' }])
  })
})
