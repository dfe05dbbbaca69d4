import type { ServerResponse } from 'node:http'
import type { Readable } from 'node:stream'
import { type Drain, readOn } from '@withusage/core/adapter-kit'

/** What a response is made of, where that is known: a stream that is piped into it, or the body of a Fetch handler's answer. */
interface Source {
  read(): Promise<{ done?: boolean | undefined; value?: unknown }>
  cancel(): Promise<void>
}

const sources = new WeakMap<ServerResponse, Source>()

/** Responses of which it is known. */
const watched = new WeakSet<ServerResponse>()

/** Responses whose clients have left, and whose bodies go on. */
const drains = new WeakMap<ServerResponse, Drain>()

function isDrained(response: ServerResponse): boolean {
  return drains.get(response)?.ended === null
}

/** The response is metered: from now on it is known what is piped into it. */
export function watchSource(response: ServerResponse): void {
  watched.add(response)
  response.on('pipe', (stream: Readable) => sources.set(response, streamSource(stream)))
  response.on('unpipe', () => {
    if (!drains.has(response)) sources.delete(response)
  })
}

/**
 * The client has left: reads on what is piped into its response, or what a Fetch handler has answered; other handlers go on
 * writing by themselves, also those that wait for room.
 */
export function goOn(drain: Drain, response: ServerResponse, end: (how: 'drained' | 'cancelled') => void): void {
  drains.set(response, drain)
  const source = sources.get(response)
  if (!source) {
    drain.onCut(() => end('cancelled'))
    process.nextTick(() => response.emit('drain'))
    return
  }
  let hasRoom = true
  const rest = {
    async read() {
      if (!hasRoom) await new Promise((resolve) => response.once('drain', resolve))
      const { done = false, value } = await source.read()
      return { done, value }
    },
    // It is counted where it is written.
    take(chunk: unknown) {
      hasRoom = response.write(chunk)
      return 0
    },
    cancel: source.cancel,
  }
  readOn(drain, rest).then((how) => {
    if (how === 'drained') response.end()
    end(how)
  })
}

function streamSource(stream: Readable): Source {
  let chunks: AsyncIterator<unknown> | undefined
  return {
    async read() {
      chunks ??= await theRestOf(stream)
      return chunks.next()
    },
    async cancel() {
      stream.destroy()
    },
  }
}

/** A turn later: by then `pipeline` has heard that the response is closed, and destroyed the stream. */
async function theRestOf(stream: Readable): Promise<AsyncIterator<unknown>> {
  await new Promise(setImmediate)
  stream.unpipe()
  return stream[Symbol.asyncIterator]()
}

/**
 * A Fetch handler's answer to a metered request, whose body may go on. The library that sends it cancels it when the client
 * has left, and lets go of it when it has sent what it waits for: then the drain takes it over.
 */
export function mayGoOn(answer: Response, outgoing: ServerResponse): Response {
  const { status, statusText, headers, body } = answer
  if (body === null || !watched.has(outgoing)) return answer
  const getReader = (): unknown => {
    const reader = body.getReader()
    const released = Promise.withResolvers<void>()
    let reason: unknown
    sources.set(outgoing, {
      read: () => released.promise.then(() => reader.read()),
      cancel: () => reader.cancel(reason),
    })
    return {
      read: () => reader.read(),
      async cancel(why: unknown) {
        reason = why
        if (!isDrained(outgoing)) await reader.cancel(why)
      },
      releaseLock() {
        if (isDrained(outgoing)) released.resolve()
        else reader.releaseLock()
      },
    }
  }
  return { status, statusText, headers, body: { getReader } } as unknown as Response
}
