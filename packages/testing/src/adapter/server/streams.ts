import { COUNTED_AT_LAST, COUNTED_SO_FAR, EVENT_STREAM, inTurn, produce, stamp, word } from './bodies.ts'
import type { Handlers } from './handler.ts'

/** How much `large` sends, and how its chunks are cut. */
export const LARGE = { chunks: 1_024, chunkBytes: 65_536 }

const NEVER = new Promise<never>(() => {})

/** Handlers of streams. One that waits goes on when the suite releases its run. */
export const streams = {
  /** Its second event is made when the first has been seen. */
  sse: (_request, run) => {
    const events = [word('Hel'), word('lo'), ': a comment\n\n', ...COUNTED_AT_LAST]
    const body = produce(run, async (index) => {
      if (index === 1) await run.released
      return events[index] ?? null
    })
    return new Response(body, { headers: EVENT_STREAM })
  },

  ndjson: (_request, run) => {
    const line = (fields: object): string =>
      `${JSON.stringify({ model: 'qwen-7b', created_at: '2026-01-01T00:00:00Z', message: { role: 'assistant', content: 'hi' }, done: false, ...fields })}\n`
    const lines = [line({}), line({}), line({ done: true, prompt_eval_count: 9, eval_count: 5 })]
    return new Response(produce(run, inTurn(lines)), { headers: { 'content-type': 'application/x-ndjson' } })
  },

  'stamped-before': (_request, run) => {
    stamp({ model: 'qwen-7b', inputTokens: 21, outputTokens: 3 })
    return new Response(produce(run, inTurn([word('Hel'), word('lo')])), { headers: EVENT_STREAM })
  },

  'stamped-within': (_request, run) => {
    const body = produce(run, (index) => {
      if (index === 1) stamp({ model: 'qwen-7b', inputTokens: 21, outputTokens: 3 })
      return index < 3 ? word('hi') : null
    })
    return new Response(body, { headers: EVENT_STREAM })
  },

  'stamped-last': (_request, run) => {
    const body = produce(run, (index) => {
      if (index === 3) stamp({ model: 'qwen-7b', inputTokens: 21, outputTokens: 3 })
      return index < 3 ? 'a plain word ' : null
    })
    return new Response(body, { headers: { 'content-type': 'text/plain; charset=utf-8' } })
  },

  /** Stamps when all has been asked for. */
  large: (_request, run) => {
    const body = produce(run, (index) => {
      if (index < LARGE.chunks) return numbered(index)
      stamp({ inputTokens: 21, outputTokens: 3 })
      return null
    })
    return new Response(body, { headers: { 'content-type': 'application/octet-stream' } })
  },

  /** Answers when released, with a body that counts and then falls silent. */
  late: async (_request, run) => {
    await run.released
    return new Response(
      produce(run, (index) => (index === 0 ? word('hi') : NEVER)),
      { headers: EVENT_STREAM },
    )
  },

  silent: (_request, run) =>
    new Response(
      produce(run, (index) => (index === 0 ? COUNTED_SO_FAR : NEVER)),
      { headers: EVENT_STREAM },
    ),

  /** More than all buffers on the way hold; it has an end, so that a server that does not stop it stops all the same. */
  long: (_request, run) => {
    const more = word('on and on '.repeat(1_600))
    const body = produce(run, (index) => {
      if (index === 0) return COUNTED_SO_FAR
      return index < 4_000 ? more : null
    })
    return new Response(body, { headers: EVENT_STREAM })
  },

  /** Its first event counts; when released, the body breaks. */
  breaks: (_request, run) => {
    const body = produce(run, async (index) => {
      if (index === 0) return COUNTED_SO_FAR
      await run.released
      throw new Error('the body broke, as the suite asked')
    })
    return new Response(body, { headers: EVENT_STREAM })
  },
} satisfies Handlers

/** A chunk that shows its number at both ends. */
function numbered(index: number): Uint8Array<ArrayBuffer> {
  const chunk = new Uint8Array(LARGE.chunkBytes).fill(index)
  const view = new DataView(chunk.buffer)
  view.setUint32(0, index)
  view.setUint32(LARGE.chunkBytes - 4, index)
  return chunk
}
