import { ReadableStream as IterableStream } from 'node:stream/web'
import { createMeter, createRecorder, memoryStore, type Reading, type Reason, withUsage } from '@withusage/core'
import { type Apparent, apparentOf } from './apparent.ts'
import { logEvents } from './event-log.ts'
import type { SavedResponse } from './saved-response.ts'
import { type Trace, traceReading } from './trace.ts'

/** What became of one saved response. */
export interface Finding {
  account: 'recorded' | 'unrecorded' | 'ignored'
  /** Why there is no record; `null` when there is one. */
  reason: Reason | null
  reading: Reading
  /** How its bytes were framed; `null` when they were not read. */
  transport: Transport | null
  /** Bytes of the decoded body. */
  size: number
  /** `null` without lines, or when the fields could not be told. */
  trace: Trace | null
  /** What a body without lines seems to be; `null` when it cannot be told. */
  apparent: Apparent | null
}

type Transport = 'JSON' | 'JSON array' | 'JSON lines' | 'SSE' | 'AWS event stream'

/** Serves a saved response through `withUsage`, and reads it as a client would. What is said is what would be recorded. */
export async function examine(response: SavedResponse): Promise<Finding> {
  const recorder = createRecorder({ store: memoryStore() })
  const { url, method, status, headers } = response
  const meter = createMeter({ url, method, status, headers })
  const log = logEvents(response)
  let head = new Uint8Array()
  let size = 0
  const handler = withUsage(async () => served(response), { recorder, onError: () => {} })
  const answer = await handler(new Request(absolute(url), { method: FETCHABLE.test(method) ? method : 'POST' }))
  for await (const chunk of answer.body ?? []) {
    if (head.length < 64) head = new Uint8Array(Buffer.concat([head, chunk.subarray(0, 64)]))
    size += chunk.length
    meter.write(chunk)
    log.write(chunk)
  }
  await recorder.flush()
  const reading = meter.end()
  const { account, reason } = accountOf(recorder.stats())
  await recorder.close()
  const finding = { account, reason, reading, transport: transportOf(head, reading), size }
  const logged = log.end()
  const isBlank = head.length === size && Buffer.from(head).toString('latin1').trim() === ''
  return reading.lines.length > 0
    ? { ...finding, trace: traceReading(reading, logged, response), apparent: null }
    : { ...finding, trace: null, apparent: apparentOf(logged.events, headers, isBlank) }
}

const FETCHABLE = /^(?:GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS)$/

/** A request takes no URL with a password in it. */
function absolute(url: string | null): string {
  const { origin, pathname, search } = new URL(url !== null && URL.canParse(url, BASE) ? url : '/', BASE)
  return origin === 'null' ? BASE : origin + pathname + search
}

const BASE = 'http://saved.response/'

/** Its body comes decoded, so what the head says of a coding and of a length is not true any more. */
function served({ status, headers, body }: SavedResponse): Response {
  const kept = new Headers(headers)
  kept.delete('content-encoding')
  kept.delete('content-length')
  if (status < 200 || status > 599) return Response.error()
  const bodyless = status === 204 || status === 205 || status === 304
  return new Response(bodyless ? null : (IterableStream.from(body) as ReadableStream<Uint8Array>), {
    status,
    headers: kept,
  })
}

function accountOf({
  unrecorded,
  ignored,
}: ReturnType<ReturnType<typeof createRecorder>['stats']>): Pick<Finding, 'account' | 'reason'> {
  for (const [account, reasons] of [
    ['unrecorded', unrecorded],
    ['ignored', ignored],
  ] as const) {
    const reason = Object.entries(reasons).find(([, requests]) => requests > 0)?.[0]
    if (reason !== undefined) return { account, reason: reason as Reason }
  }
  return { account: 'recorded', reason: null }
}

function transportOf(head: Uint8Array, { format, streamed }: Reading): Transport | null {
  const start = Buffer.from(head)
    .toString('latin1')
    .replace(/^(?:\xef\xbb\xbf|\s)+/, '')
  if (format === null && !streamed) return null
  if (start.startsWith('\0')) return 'AWS event stream'
  if (start.startsWith('[')) return 'JSON array'
  if (start.startsWith('{')) return streamed ? 'JSON lines' : 'JSON'
  return streamed ? 'SSE' : 'JSON'
}
