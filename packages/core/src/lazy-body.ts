/**
 * The body of a response, locked at its first read and not before. A platform lets go of the connection of a response
 * that nobody reads and nobody holds, unless its body is locked; and it ends the body of one that nobody holds, so the
 * response is held until then.
 */
export function lazyBody(response: Response): ReadableStream<Uint8Array> {
  const bodyOf = (): ReadableStream<Uint8Array> => response.body as ReadableStream<Uint8Array>
  const getReader = (options?: { mode: 'byob' }): unknown =>
    options ? bodyOf().getReader(options) : lazyReader(bodyOf)
  return { getReader } as ReadableStream<Uint8Array>
}

function lazyReader(body: () => ReadableStream<Uint8Array>) {
  let reader: ReadableStreamDefaultReader<Uint8Array> | undefined
  return {
    read() {
      reader ??= body().getReader()
      return reader.read()
    },
    cancel: (reason: unknown) => (reader ?? body()).cancel(reason),
    releaseLock: () => reader?.releaseLock(),
  }
}
