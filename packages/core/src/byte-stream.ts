import { hiddenField } from './hidden-field.ts'

/**
 * Whether a stream is one of bytes, which can be read into memory that the reader brings. The platform tells only by
 * refusing a reader; Node's refusal takes longer than some thirty chunks, as it describes the stream in full, and so its
 * own state is asked first.
 */
export function isByteStream(body: ReadableStream<Uint8Array>): boolean {
  return isByteStreamOnNode(body) ?? takesMemory(body)
}

/** @see https://github.com/nodejs/node/blob/main/lib/internal/webstreams/readablestream.js `kState` */
const stateOnNode = hiddenField('kState')

function isByteStreamOnNode(body: ReadableStream<Uint8Array>): boolean | null {
  const state = stateOnNode(body) as { controller?: unknown } | null | undefined
  const { ReadableByteStreamController: OfBytes, ReadableStreamDefaultController: OfChunks } = globalThis
  if (typeof OfBytes !== 'function' || typeof OfChunks !== 'function') return null
  if (state?.controller instanceof OfBytes) return true
  return state?.controller instanceof OfChunks ? false : null
}

function takesMemory(body: ReadableStream<Uint8Array>): boolean {
  try {
    body.getReader({ mode: 'byob' }).releaseLock()
    return true
  } catch {
    return false
  }
}
