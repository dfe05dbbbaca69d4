import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'

/** One call, as the provider sees it. */
export interface UpstreamCall {
  /** Events that were sent so far. */
  sent: number
  /** Resolves when nothing more will be sent: all of it was, or the caller has left. */
  over: Promise<'sent' | 'cut off'>
}

/** A provider behind a port, which knows how much it has sent, and who has left. */
export interface Upstream {
  url: string
  /** In the order in which they came. */
  calls: UpstreamCall[]
}

/**
 * A provider for one test, which answers each caller with the same events, one a millisecond or so: a caller that stops
 * reading stops nothing, one that leaves does.
 *
 * @param goOn awaited after the first event of each answer
 */
export async function openUpstream(events: readonly string[], goOn?: Promise<void>): Promise<Upstream> {
  const server = createServer((_request, response) => {
    const over = Promise.withResolvers<'sent' | 'cut off'>()
    const call: UpstreamCall = { sent: 0, over: over.promise }
    upstream.calls.push(call)
    response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()
    let timer: NodeJS.Timeout | undefined
    function send(): void {
      response.write(events[call.sent++])
      if (call.sent === events.length) response.end()
      else timer = setTimeout(send, 1)
    }
    if (goOn) {
      response.write(events[call.sent++])
      void goOn.then(() => response.closed || send())
    } else send()
    response.on('close', () => {
      clearTimeout(timer)
      over.resolve(response.writableFinished ? 'sent' : 'cut off')
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    return new Promise<void>((resolve) => server.close(() => resolve()))
  })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/chat/completions`
  const upstream: Upstream = { url, calls: [] }
  return upstream
}
