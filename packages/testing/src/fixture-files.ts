import { readdirSync, readFileSync } from 'node:fs'
import type { Reading, UsageLine } from '@withusage/core'

/** What `expected.json` says of one body. Counts that it leaves out are unknown. */
interface Expectation extends Partial<Omit<Reading, 'lines' | 'replay'>> {
  /** What the body shows, for the test's name. */
  about: string
  lines?: Partial<UsageLine>[]
  replay?: { key: string; createdAt: string; billable: boolean }
  /** What the body is sent with, beside its content type: `{ "x-tokens": "7" }`. Default: nothing. */
  headers?: Record<string, string>
}

export interface Fixture {
  /** `'stream.sse'`. */
  file: string
  /** What its kind is usually sent as. */
  contentType: string
  /** What it is sent with besides. */
  headers: Readonly<Record<string, string>>
  body: string
  expected: Omit<Expectation, 'headers'>
}

/** One way to send a fixture's content that must not change its reading. */
export interface Variant {
  name: string
  contentType: string | null
  body: string
}

const CONTENT_TYPES: Record<string, string> = {
  json: 'application/json',
  'json-array': 'application/json',
  ndjson: 'application/x-ndjson',
  sse: 'text/event-stream',
}

/** Reads the bodies of a folder and what its `expected.json` says of them; each needs the other. */
export function loadFixtures(directory: URL): Fixture[] {
  const read = (file: string) => readFileSync(new URL(file, directory), 'utf8')
  const expected: Record<string, Expectation> = JSON.parse(read('expected.json'))
  const files = readdirSync(directory).filter((file) => file !== 'expected.json')
  const named = Object.keys(expected)
  if (files.toSorted().join() !== named.toSorted().join()) {
    throw new Error(`[withusage/testing] ${directory.pathname} holds ${files}, but expected.json names ${named}`)
  }
  return Object.entries(expected).map(([file, { headers = {}, ...expectation }]) => ({
    file,
    contentType: CONTENT_TYPES[file.replace(/^.*\./, '')] ?? '',
    headers,
    body: read(file),
    expected: expectation,
  }))
}

/** The same content in every framing that providers use for it. */
export function variantsOf({ file, body }: Fixture): Variant[] {
  if (file.endsWith('.sse')) return eventStreams(body)
  if (file.endsWith('.ndjson')) return jsonLines(body)
  if (file.endsWith('.json-array')) return arrays(body)
  return documents(body)
}

const BYTE_ORDER_MARK = '\ufeff'

function eventStreams(body: string): Variant[] {
  const contentType = 'text/event-stream; charset=utf-8'
  return [
    { name: 'as it is', contentType, body },
    { name: 'with CRLF', contentType, body: body.replaceAll('\n', '\r\n') },
    { name: 'with lone CR', contentType, body: body.replaceAll('\n', '\r') },
    { name: 'with a byte order mark', contentType, body: BYTE_ORDER_MARK + body },
    { name: 'without space after the colon', contentType, body: body.replaceAll('data: ', 'data:') },
    { name: 'without its last line breaks', contentType, body: body.trimEnd() },
    { name: 'sent as JSON', contentType: 'application/json', body },
    { name: 'without a content type', contentType: null, body },
  ]
}

function jsonLines(body: string): Variant[] {
  return [
    { name: 'as it is', contentType: 'application/x-ndjson', body },
    { name: 'with CRLF', contentType: 'application/x-ndjson', body: body.replaceAll('\n', '\r\n') },
    { name: 'without its last line break', contentType: 'application/stream+json', body: body.trimEnd() },
    { name: 'sent as JSON', contentType: 'application/json', body },
    { name: 'without a content type', contentType: null, body },
  ]
}

/** Streams that are one JSON array, which may break off. */
function arrays(body: string): Variant[] {
  const contentType = 'application/json; charset=UTF-8'
  return [
    { name: 'as it is', contentType, body },
    { name: 'with CRLF', contentType, body: body.replaceAll('\n', '\r\n') },
    { name: 'without line breaks', contentType, body: body.replaceAll('\n', '') },
    { name: 'after keep-alive white space', contentType, body: `\n\n  \r\n\t${body}` },
    { name: 'with a byte order mark', contentType, body: BYTE_ORDER_MARK + body },
    { name: 'without a content type', contentType: null, body },
    { name: 'sent as an event stream', contentType: 'text/event-stream', body },
  ]
}

function documents(body: string): Variant[] {
  const contentType = 'application/json; charset=utf-8'
  const minified = JSON.stringify(JSON.parse(body))
  return [
    { name: 'as it is', contentType, body },
    { name: 'minified', contentType, body: minified },
    { name: 'on one line', contentType, body: `${minified}\n` },
    { name: 'after keep-alive white space', contentType, body: `\n\n  \r\n\t${body}` },
    { name: 'with a byte order mark', contentType, body: BYTE_ORDER_MARK + minified },
    { name: 'without a content type', contentType: null, body },
    { name: 'sent as an event stream', contentType: 'text/event-stream', body },
  ]
}
