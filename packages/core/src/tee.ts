import { within } from './timers.ts'

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
  const type = isByteStream(body) ? 'bytes' : undefined
  const source = new Source(body.getReader(), observer)
  const underlying = {
    type,
    pull: (controller: Controller) => source.pull(controller),
    cancel: (reason: unknown) => source.cancel(reason),
  } as UnderlyingDefaultSource<Uint8Array>
  return {
    stream: new ReadableStream(underlying, ON_DEMAND),
    abandon: (reason) => source.abandon(reason),
  }
}

/** High-water mark 0: a pull is a client that asks. */
const ON_DEMAND = { highWaterMark: 0 }

/** How long a body that is being cancelled may take to say its last. */
const LAST_MOMENTS_MS = 1_000

/** Of a stream of chunks, or of one of bytes. */
interface Controller {
  enqueue(chunk: Uint8Array): void
  close(): void
  readonly byobRequest?: { respond(bytesWritten: number): void } | null
}

/** The handler's body, with the observer looking on. One promise a chunk, besides the platform's own. */
class Source {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>
  readonly #observer: BodyObserver
  readonly #read: () => Promise<ReadableStreamReadResult<Uint8Array>>
  #asked = false
  #ended = false
  #cancelling = false
  #abandoned: { reason: unknown } | undefined

  constructor(reader: ReadableStreamDefaultReader<Uint8Array>, observer: BodyObserver) {
    this.#reader = reader
    this.#observer = observer
    this.#read = () => reader.read()
  }

  pull(controller: Controller): Promise<void> {
    this.#asked = true
    this.#observer.asked()
    return this.#observer.run(this.#read).then(
      (result) => this.#pass(result, controller),
      (error) => {
        if (!this.#cancelling) this.#end('failed')
        throw error
      },
    )
  }

  /** What the body says in its last moments, in `cancel` or a `finally`, is said before the end. */
  async cancel(reason: unknown): Promise<void> {
    this.#cancelling = true
    const cancelled = this.#observer.run(() => this.#reader.cancel(reason))
    await within(
      LAST_MOMENTS_MS,
      cancelled.catch(() => {}),
    )
    this.#end('cancelled')
    await cancelled
  }

  abandon(reason: unknown): void {
    if (this.#ended || this.#cancelling) return
    if (this.#asked) this.#abandoned = { reason }
    this.cancel(reason).catch(() => {})
  }

  #pass({ done, value }: ReadableStreamReadResult<Uint8Array>, controller: Controller): void {
    if (this.#abandoned) throw this.#abandoned.reason
    if (this.#cancelling) return
    if (done) {
      this.#end('complete')
      close(controller)
      return
    }
    if (value instanceof Uint8Array) this.#observer.chunk(value)
    controller.enqueue(value)
  }

  #end(how: 'complete' | 'cancelled' | 'failed'): void {
    if (this.#ended) return
    this.#ended = true
    this.#observer.end(how)
  }
}

/** After a cancel the stream is closed already, and closing it again throws. */
function close(controller: Controller): void {
  try {
    controller.close()
    controller.byobRequest?.respond(0)
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
