import type { ServerResponse } from 'node:http'
import type { ServerHttp2Stream } from 'node:http2'
import type { Ending } from '@withusage/core/adapter-kit'

/** `close` has been emitted, and will not be again. */
export function isClosed(response: ServerResponse): boolean {
  return (http2StreamOf(response) ?? response).closed
}

/** A client that leaves ends its side of the connection or breaks it; a server that gives up does neither. */
export function endingOf(response: ServerResponse): Ending {
  const stream = http2StreamOf(response)
  if (stream) return streamEndingOf(stream)
  const { writableFinished, errored, req, socket } = response
  if (writableFinished) return 'complete'
  const connection = socket ?? req.socket
  const left = connection.readableEnded || connection.errored !== null
  return errored || !left ? 'failed' : 'cancelled'
}

/** Node's HTTP/2 server has responses that look like these, each a face of its stream. */
function http2StreamOf(response: ServerResponse & { stream?: ServerHttp2Stream }): ServerHttp2Stream | undefined {
  return response.stream
}

/** A stream that its client resets counts as ended too, but its code is not 0. */
function streamEndingOf({ writableEnded, errored, rstCode }: ServerHttp2Stream): Ending {
  if (errored) return 'failed'
  return writableEnded && rstCode === 0 ? 'complete' : 'cancelled'
}
