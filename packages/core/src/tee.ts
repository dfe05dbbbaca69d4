import { isByteStream } from './byte-stream.ts'
import { type Drain, LAST_MOMENTS_MS, readOn } from './drain.ts'
import { within } from './timers.ts'

/** Sees a body go by. Nothing it does reaches the client: the functions must not throw. */
export interface BodyObserver {
  /** The client asked for a chunk. */
  asked(): void
  /** A chunk is on its way. The bytes are lent: copy what is kept. `null`: it is nothing that has bytes. */
  chunk(bytes: Uint8Array | null): void
  /** The body ended: read to its end, by the client or without it, cancelled, or broken. Called once. */
  end(how: BodyEnd): void
  /** The client has left in the middle of the body. What goes on without it; `null`: the body is cancelled. */
  left?(): Drain | null
  /** Runs a read of the handler's body inside the request's async context. */
  run<T>(read: () => T): T
}

type BodyEnd = 'complete' | 'drained' | 'cancelled' | 'failed'

export interface ReadThrough {
  /** What the client reads instead of the handler's body. */
  stream: ReadableStream<Uint8Array>
  /**
   * The client is known to be gone though it has not said so: ends the handler's body. A client that has begun to read
   * and reads on all the same gets the reason as an error, for an end would make what it has look whole. Before the
   * first read the body just ends: servers that look at it for a client that is gone would log the error.
   */
  abandon(reason: unknown): void
  /** Gives the handler's body back as it was. Only before the first read. */
  release(): void
}

/**
 * Clones a body for an observer without queueing it: one read of the handler's body for each chunk that the client
 * asks for, shown to the observer and passed on as it is. Nothing is read ahead, and a cancel reaches the handler's
 * body with its reason, unless the observer lets that go on without the client. A byte stream stays one, so that a BYOB reader works.
 */
export function readThrough(body: ReadableStream<Uint8Array>, observer: BodyObserver): ReadThrough {
  const type = isByteStream(body) ? 'bytes' : undefined
  const source = new Source(body, observer)
  const underlying = {
    type,
    pull: (controller: Controller) => source.pull(controller),
    cancel: (reason: unknown) => source.cancel(reason),
  } as UnderlyingDefaultSource<Uint8Array>
  return {
    stream: new ReadableStream(underlying, ON_DEMAND),
    abandon: (reason) => source.abandon(reason),
    release: () => source.release(),
  }
}

/** High-water mark 0: a pull is a client that asks. */
const ON_DEMAND = { highWaterMark: 0 }

/** The most that is read at a time, without a client, from a source that is given memory. */
const DRAIN_BYTES = 64 * 1024

/** Of a stream of chunks, or of one of bytes. */
interface Controller {
  enqueue(chunk: Uint8Array): void
  close(): void
  readonly byobRequest?: { readonly view: ArrayBufferView | null; respond(bytesWritten: number): void } | null
}

/** What a read resolves to; each runtime's own types say it differently. */
interface ReadResult {
  done: boolean
  value?: unknown
}

type Read = () => Promise<ReadResult>

/** A body has one reader at a time. */
type Reader =
  | { chunks: ReadableStreamDefaultReader<Uint8Array>; memory?: never }
  | { memory: ReadableStreamBYOBReader; chunks?: never }

/** In the place of the reader of a body that has no client any more. */
const NOTHING = {
  read: () => Promise.resolve({ done: true }),
  cancel: () => Promise.resolve(),
  releaseLock() {},
}

/** The handler's body, with the observer looking on. One promise a chunk, besides the platform's own. */
class Source {
  readonly #body: ReadableStream<Uint8Array>
  readonly #observer: BodyObserver
  readonly #readChunk: Read = () => this.#chunkReader().read()
  readonly #onRead = (result: ReadResult): void => this.#pass(result)
  readonly #onBroken = (error: unknown): never => this.#break(error)
  #controller: Controller | undefined
  #reader: Reader
  #asked = false
  #ended = false
  #cancelling = false
  #abandoned: { reason: unknown } | undefined
  #drain: Drain | undefined

  constructor(body: ReadableStream<Uint8Array>, observer: BodyObserver) {
    this.#body = body
    this.#reader = { chunks: body.getReader() }
    this.#observer = observer
  }

  pull(controller: Controller): Promise<void> {
    this.#asked = true
    this.#controller = controller
    this.#observer.asked()
    const wanted = controller.byobRequest?.view?.byteLength
    const read = wanted === undefined ? this.#readChunk : () => this.#memoryReader().read(new Uint8Array(wanted))
    return this.#observer.run(read).then(this.#onRead, this.#onBroken)
  }

  /** What the body says in its last moments, in `cancel` or a `finally`, is said before the end. */
  async cancel(reason: unknown): Promise<void> {
    if (this.#drain || this.#goesOn(reason)) return
    this.#cancelling = true
    const cancelled = this.#observer.run(() => this.#anyReader().cancel(reason))
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

  /** Whether the body goes on without its client, for which nothing of it is left. */
  #goesOn(reason: unknown): boolean {
    if (this.#cancelling) return false
    const drain = this.#observer.left?.()
    if (!drain) return false
    this.#cancelling = true
    this.#drain = drain
    const { chunks, memory } = this.#reader
    const reader = chunks ?? memory
    const read: Read = chunks ? () => chunks.read() : () => memory.read(new Uint8Array(DRAIN_BYTES))
    this.#reader = { chunks: NOTHING, memory: NOTHING } as unknown as Reader
    const rest = {
      read: () => this.#observer.run(read),
      take: (chunk: unknown) => this.#show(chunk),
      cancel: () => this.#observer.run(() => reader.cancel(reason)),
    }
    readOn(drain, rest).then((how) => {
      if (how === 'drained') reader.releaseLock()
      this.#end(how)
    })
    return true
  }

  #show(chunk: unknown): number {
    const bytes = bytesOf(chunk)
    this.#observer.chunk(bytes)
    return bytes?.length ?? 0
  }

  /** What was asked for when the client was still there: of no use but to a drain. */
  #passLate({ done, value }: ReadResult): void {
    if (!done && this.#drain?.ended === null) this.#drain.count(this.#show(value))
    if (this.#abandoned) throw this.#abandoned.reason
    if (!done) return
    close(this.#controller)
    this.release()
  }

  #break(error: unknown): never {
    if (!this.#cancelling) this.#end('failed')
    throw error
  }

  #pass(result: ReadResult): void {
    if (this.#cancelling) {
      this.#passLate(result)
      return
    }
    const { done, value } = result
    if (done) {
      this.#end('complete')
      close(this.#controller)
      this.release()
      return
    }
    this.#observer.chunk(bytesOf(value))
    try {
      this.#controller?.enqueue(value as Uint8Array)
    } catch (error) {
      this.#end('failed')
      throw error
    }
  }

  release(): void {
    this.#anyReader().releaseLock()
  }

  #anyReader(): ReadableStreamDefaultReader<Uint8Array> | ReadableStreamBYOBReader {
    return this.#reader.chunks ?? this.#reader.memory
  }

  #chunkReader(): ReadableStreamDefaultReader<Uint8Array> {
    if (this.#reader.chunks) return this.#reader.chunks
    this.#reader.memory.releaseLock()
    const chunks = this.#body.getReader()
    this.#reader = { chunks }
    return chunks
  }

  /** A client that brings memory is served from a source that is given memory: some can do nothing else. */
  #memoryReader(): ReadableStreamBYOBReader {
    if (this.#reader.memory) return this.#reader.memory
    this.#reader.chunks.releaseLock()
    const memory = this.#body.getReader({ mode: 'byob' })
    this.#reader = { memory }
    return memory
  }

  #end(how: BodyEnd): void {
    if (this.#ended) return
    this.#ended = true
    this.#observer.end(how)
  }
}

/** After a cancel the stream is closed already, and closing it again throws. */
function close(controller: Controller | undefined): void {
  try {
    controller?.close()
    controller?.byobRequest?.respond(0)
  } catch {
    // The client has left.
  }
}

/**
 * What a platform writes for a chunk: the memory of a view, the UTF-8 of a text. `null` for what has no bytes, or no
 * longer has any.
 */
function bytesOf(chunk: unknown): Uint8Array | null {
  try {
    if (chunk instanceof Uint8Array) return chunk
    if (typeof chunk === 'string') return new TextEncoder().encode(chunk)
    if (ArrayBuffer.isView(chunk)) return new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength)
    return chunk instanceof ArrayBuffer ? new Uint8Array(chunk) : null
  } catch {
    return null
  }
}
