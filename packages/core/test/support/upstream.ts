import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'
import { chatEvents } from './bodies.ts'

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
  /** Calls that are being answered. */
  open: number
  /** The most that were answered at a time since this was last set. */
  mostOpen: number
  /** How many events an answer has. */
  events: number
}

/**
 * Streams a chat completion to each caller, one event a millisecond or so, its usage at the end: a caller that stops
 * reading stops nothing, one that leaves does.
 */
export async function openUpstream(words: number): Promise<Upstream> {
  const events = chatEvents(Array<string>(words).fill('word '))
  const server = createServer((_request, response) => {
    const over = Promise.withResolvers<'sent' | 'cut off'>()
    const call: UpstreamCall = { sent: 0, over: over.promise }
    upstream.calls.push(call)
    upstream.mostOpen = Math.max(upstream.mostOpen, ++upstream.open)
    response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()
    const timer = setInterval(() => {
      const event = events[call.sent++]
      if (event !== undefined) response.write(event)
      if (call.sent === events.length) response.end()
    }, 1)
    response.on('close', () => {
      clearInterval(timer)
      upstream.open--
      over.resolve(response.writableFinished ? 'sent' : 'cut off')
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    return new Promise<void>((resolve) => server.close(() => resolve()))
  })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/chat/completions`
  const upstream: Upstream = { url, calls: [], open: 0, mostOpen: 0, events: events.length }
  return upstream
}
