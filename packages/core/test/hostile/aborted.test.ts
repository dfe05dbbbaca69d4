import { describe, expect, it } from 'vitest'
import { chatEvents, sse } from '../support/bodies.ts'
import { metering, post } from '../support/metered.ts'
import { settled } from '../support/reading.ts'

describe('A request that was aborted before its client began to read', () => {
  it('ends the body for a client that reads on, and leaves it waiting for nothing', async () => {
    const { wrap, recorder } = metering()
    const gone = new AbortController()
    const response = await wrap(() => {
      gone.abort()
      return sse(chatEvents())
    })(post(undefined, { signal: gone.signal }))
    expect(await response.text()).toBe('')
    await settled()
    expect(recorder.stats().unrecorded).toEqual({ cancelled: 1 })
  })

  it('ends a byte stream too, for a client that brings its own memory', async () => {
    const { wrap } = metering()
    const gone = new AbortController()
    const body = new ReadableStream({ type: 'bytes' })
    const handler = wrap(() => new Response(body, { headers: { 'content-type': 'text/event-stream' } }))
    const response = await handler(post(undefined, { signal: gone.signal }))
    gone.abort()
    const result = await response.body?.getReader({ mode: 'byob' }).read(new Uint8Array(8))
    expect(result?.done).toBe(true)
  })
})
