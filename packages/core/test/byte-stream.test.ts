import { describe, expect, it } from 'vitest'
import { isByteStream } from '../src/byte-stream.ts'

/** What the platform itself says: only a stream of bytes gives such a reader. */
function givesByobReader(stream: ReadableStream<Uint8Array>): boolean {
  try {
    stream.getReader({ mode: 'byob' }).releaseLock()
    return true
  } catch {
    return false
  }
}

const bodyOf = (body: BodyInit): ReadableStream<Uint8Array> => new Response(body).body as ReadableStream<Uint8Array>

const STREAMS: Record<string, () => ReadableStream<Uint8Array>> = {
  'of chunks': () => new ReadableStream({}),
  'of bytes': () => new ReadableStream({ type: 'bytes' }) as ReadableStream<Uint8Array>,
  'of a text': () => bodyOf('text'),
  'of bytes that are held': () => bodyOf(new Uint8Array(3)),
  'of a file': () => bodyOf(new Blob(['text'])),
  'of a form': () => bodyOf(new FormData()),
  'that was transformed': () => bodyOf('text').pipeThrough(new TransformStream()),
  'that was cloned': () => bodyOf('text').tee()[0],
  'of an iterable': () => ReadableStream.from([new Uint8Array(1)]) as ReadableStream<Uint8Array>,
  'that has ended': () => new ReadableStream({ start: (controller) => controller.close() }),
}

describe('a stream', () => {
  it.each(Object.entries(STREAMS))('%s is told apart as the platform does, and left as it was', (_, create) => {
    const stream = create()
    expect(isByteStream(stream)).toBe(givesByobReader(create()))
    expect(stream.locked).toBe(false)
  })

  it('whose state says nothing is asked for a reader', () => {
    const hidden = (type?: 'bytes') => {
      const stream = new ReadableStream({ type } as UnderlyingDefaultSource<Uint8Array>)
      return { getReader: stream.getReader.bind(stream) } as unknown as ReadableStream<Uint8Array>
    }
    expect(isByteStream(hidden())).toBe(false)
    expect(isByteStream(hidden('bytes'))).toBe(true)
  })
})
