/** Sees a body go by. Nothing it does reaches the client: the functions must not throw. */
export interface BodyObserver {
  /** The client asked for a chunk. */
  asked(): void
  /** A chunk is on its way. The bytes are lent: copy what is kept. */
  chunk(bytes: Uint8Array): void
  /** The body ended: read to its end, cancelled by the client, or broken. Called once. */
  end(how: 'complete' | 'cancelled' | 'failed'): void
  /** Runs a read of the handler's body inside the request's async context. */
  run<T>(read: () => T): T
}

export interface ReadThrough {
  /** What the client reads instead of the handler's body. */
  stream: ReadableStream<Uint8Array>
  /**
   * The client is known to be gone though it has not said so: ends the handler's body. A client that has begun to read
   * and reads on all the same gets the reason as an error, for an end would make what it has look whole. Before the
   * first read the body just ends: servers that look at it for a client that is gone would log the error.
   */
  abandon(reason: unknown): void
}

/**
 * Clones a body for an observer without queueing it: one read of the handler's body for each chunk that the client
 * asks for, shown to the observer and passed on as it is. Nothing is read ahead, and a cancel reaches the handler's
 * body with its reason. A byte stream stays one, so that a BYOB reader works.
 */
export function readThrough(body: ReadableStream<Uint8Array>, observer: BodyObserver): ReadThrough {
  const bytes = isByteStream(body)
  const source = new Source(body.getReader(), observer)
  return {
    stream: bytes ? byteStream(source) : chunkStream(source),
    abandon: (reason) => source.abandon(reason),
  }
}

/** The handler's body, with the observer looking on. */
class Source {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>
  readonly #observer: BodyObserver
  #asked = false
  #ended = false
  #abandoned: { reason: unknown } | undefined

  constructor(reader: ReadableStreamDefaultReader<Uint8Array>, observer: BodyObserver) {
    this.#reader = reader
    this.#observer = observer
  }

  async read(): Promise<ReadableStreamReadResult<Uint8Array>> {
    this.#asked = true
    this.#observer.asked()
    try {
      const result = await this.#observer.run(() => this.#reader.read())
      if (this.#abandoned) throw this.#abandoned.reason
      if (result.done) this.#end('complete')
      else if (result.value instanceof Uint8Array) this.#observer.chunk(result.value)
      return result
    } catch (error) {
      this.#end('failed')
      throw error
    }
  }

  async cancel(reason: unknown): Promise<void> {
    this.#end('cancelled')
    await this.#observer.run(() => this.#reader.cancel(reason))
  }

  abandon(reason: unknown): void {
    if (this.#ended) return
    if (this.#asked) this.#abandoned = { reason }
    this.cancel(reason).catch(() => {})
  }

  #end(how: 'complete' | 'cancelled' | 'failed'): void {
    if (this.#ended) return
    this.#ended = true
    this.#observer.end(how)
  }
}

/** High-water mark 0: a pull is a client that asks. */
const ON_DEMAND = { highWaterMark: 0 }

function chunkStream(source: Source): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = await source.read()
        if (done) closeQuietly(controller)
        else controller.enqueue(value)
      },
      cancel: (reason) => source.cancel(reason),
    },
    ON_DEMAND,
  )
}

function byteStream(source: Source): ReadableStream<Uint8Array> {
  return new ReadableStream(
    {
      type: 'bytes',
      async pull(controller) {
        const { done, value } = await source.read()
        if (!done) controller.enqueue(value as Uint8Array<ArrayBuffer>)
        else {
          closeQuietly(controller)
          controller.byobRequest?.respond(0)
        }
      },
      cancel: (reason) => source.cancel(reason),
    },
    ON_DEMAND,
  )
}

/** After a cancel the stream is closed already, and closing it again throws. */
function closeQuietly(controller: { close(): void }): void {
  try {
    controller.close()
  } catch {
    // The client has left.
  }
}

/** The platform tells only by refusing a BYOB reader. */
function isByteStream(body: ReadableStream<Uint8Array>): boolean {
  try {
    body.getReader({ mode: 'byob' }).releaseLock()
    return true
  } catch {
    return false
  }
}
