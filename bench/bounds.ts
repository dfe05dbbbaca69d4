/**
 * What the meter holds, and how long it takes, over bodies far past its bounds. Each is read in a process of its own with
 * little heap, so that what grows with the body would end it.
 *
 *     node bench/bounds.ts [words of a cell's name]
 */
import { spawnSync } from 'node:child_process'
import { crc32 } from 'node:zlib'
import { createMeter } from '../packages/core/src/meter/create-meter.ts'

const HEAP_MEBIBYTES = 64
const CHUNK = 64 * 1024
const MEBIBYTE = 1024 * 1024

const encoder = new TextEncoder()
const bytesOf = (text: string): Uint8Array => encoder.encode(text)
const USAGE = '"usage":{"prompt_tokens":812,"completion_tokens":200,"total_tokens":1012}'
const FILLER = bytesOf('x'.repeat(CHUNK))

function* filled(head: string, bytes: number, tail: string): Generator<Uint8Array> {
  yield bytesOf(head)
  for (let sent = 0; sent < bytes; sent += CHUNK) yield FILLER
  yield bytesOf(tail)
}

/** So many of the same, several to a chunk. */
function* repeated(head: string, one: Uint8Array, times: number, tail: Uint8Array): Generator<Uint8Array> {
  const each = Math.max(1, Math.floor(CHUNK / one.length))
  const chunk = Buffer.concat(Array.from({ length: each }, () => one))
  yield bytesOf(head)
  for (let left = times; left > 0; left -= each)
    yield new Uint8Array(chunk.subarray(0, Math.min(left, each) * one.length))
  yield tail
}

/** An AWS message: prelude, its checksum, one header, payload, checksum. */
function frame(type: string, payload: string): Uint8Array {
  const header = Buffer.concat([
    Buffer.from([11]),
    Buffer.from(':event-type'),
    Buffer.from([7, 0, type.length]),
    Buffer.from(type),
  ])
  const length = 16 + header.length + payload.length
  const message = Buffer.alloc(length)
  message.writeUInt32BE(length, 0)
  message.writeUInt32BE(header.length, 4)
  message.writeUInt32BE(crc32(message.subarray(0, 8)), 8)
  header.copy(message, 12)
  message.write(payload, 12 + header.length)
  message.writeUInt32BE(crc32(message.subarray(0, length - 4)), length - 4)
  return new Uint8Array(message)
}

interface Cell {
  contentType: string
  chunks(): Iterable<Uint8Array>
}

const sse = 'text/event-stream'
const json = 'application/json'
const aws = 'application/vnd.amazon.eventstream'
const MILLION = 1_000_000
const candidate = `{"candidates":[{"content":{"parts":[{"text":"word"}]},"index":0}]}`
const metadata = '"usageMetadata":{"promptTokenCount":812,"candidatesTokenCount":200,"totalTokenCount":1012}'
const delta = '{"object":"chat.completion.chunk","model":"m","choices":[{"index":0,"delta":{"content":"a"}}]}'

const CELLS: Record<string, Cell> = {
  'JSON of 200 MB, usage at its end': {
    contentType: json,
    chunks: () => filled('{"object":"chat.completion","choices":[],"pad":"', 200 * MILLION, `",${USAGE}}`),
  },
  'one SSE line of 200 MB, usage after it': {
    contentType: sse,
    chunks: () => filled(`data: {"pad":"`, 200 * MILLION, `"}\n\ndata: {"choices":[],${USAGE}}\n\ndata: [DONE]\n\n`),
  },
  'one SSE line of 200 MB that holds the usage': {
    contentType: sse,
    chunks: () => filled('data: {"object":"chat.completion.chunk","pad":"', 200 * MILLION, `",${USAGE}}\n\n`),
  },
  '10^6 SSE events': {
    contentType: sse,
    chunks: () =>
      repeated(
        '',
        bytesOf(`data: ${delta}\n\n`),
        MILLION,
        bytesOf(`data: {"choices":[],${USAGE}}\n\ndata: [DONE]\n\n`),
      ),
  },
  '10^6 SSE events of 3 bytes': {
    contentType: sse,
    chunks: () => repeated(`data: {"choices":[],${USAGE}}\n\n`, bytesOf(':\n\n'), MILLION, bytesOf('data: [DONE]\n\n')),
  },
  '10^6 JSON lines': {
    contentType: 'application/x-ndjson',
    chunks: () =>
      repeated(
        '',
        bytesOf('{"model":"m","response":"a","done":false}\n'),
        MILLION,
        bytesOf('{"model":"m","response":"","done":true,"prompt_eval_count":812,"eval_count":200}\n'),
      ),
  },
  'JSON nested 10^7 deep': {
    contentType: json,
    chunks: () => repeated('{"object":"chat.completion","a":', bytesOf('['), 10 * MILLION, bytesOf('1')),
  },
  'JSON nested 8 * 10^6 deep, within its bound': {
    contentType: json,
    chunks: () => repeated('{"object":"chat.completion","a":', bytesOf('['), 8 * MILLION, bytesOf('1')),
  },
  'SSE event nested 10^7 deep, usage after it': {
    contentType: sse,
    chunks: () =>
      repeated(
        'data: {"a":',
        bytesOf('['),
        10 * MILLION,
        bytesOf(`\n\ndata: {"choices":[],${USAGE}}\n\ndata: [DONE]\n\n`),
      ),
  },
  'JSON array of 10^6 elements': {
    contentType: json,
    chunks: () =>
      repeated('[', bytesOf(`${candidate},\n`), MILLION, bytesOf(`${candidate.slice(0, -1)},${metadata}}]`)),
  },
  'AWS event stream of 10^6 messages': {
    contentType: aws,
    chunks: () =>
      repeated(
        '',
        frame('contentBlockDelta', '{"contentBlockIndex":0,"delta":{"text":"a"}}'),
        MILLION,
        frame('metadata', '{"usage":{"inputTokens":812,"outputTokens":200,"totalTokens":1012}}'),
      ),
  },
}

/** Bytes that are still held after a collection, array buffers among them. */
function held(): number {
  globalThis.gc?.()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}

/** In the child: reads a cell, looks twenty times or so at what is held, and prints a line of the table. */
function measure(name: string, { contentType, chunks }: Cell): void {
  let length = 0
  for (const chunk of chunks()) length += chunk.length
  const before = held()
  let most = 0
  let looked = 0
  let seen = 0
  let looking = 0
  const meter = createMeter({ headers: new Headers({ 'content-type': contentType }) })
  const start = performance.now()
  for (const chunk of chunks()) {
    meter.write(chunk)
    seen += chunk.length
    if (seen - looked < length / 20) continue
    looked = seen
    const from = performance.now()
    most = Math.max(most, held() - before)
    looking += performance.now() - from
  }
  const { lines, reason } = meter.end()
  const ms = performance.now() - start - looking
  const left = held() - before
  const line = lines[0]
  const told = line ? `${line.inputTokens} + ${line.outputTokens}${line.final ? '' : ', not final'}` : reason
  const cells = [name, size(length), ms.toFixed(0), ((ms * MILLION) / length).toFixed(1), size(most), size(left), told]
  console.log(`| ${cells.join(' | ')} |`)
}

function size(bytes: number): string {
  return `${(bytes / MEBIBYTE).toFixed(1)} MiB`
}

function measureApart(name: string): void {
  const flags = [`--max-old-space-size=${HEAP_MEBIBYTES}`, '--expose-gc']
  const child = spawnSync(process.execPath, [...flags, import.meta.filename, '--cell', name], { encoding: 'utf8' })
  process.stdout.write(child.status === 0 ? child.stdout : `| ${name} | ended with ${child.signal ?? child.status} |\n`)
}

const [option, cell = ''] = process.argv.slice(2)
const chosen = option === '--cell' ? CELLS[cell] : undefined
if (chosen) measure(cell, chosen)
else {
  console.log(`Node ${process.version}, ${HEAP_MEBIBYTES} MiB of heap, chunks of ${CHUNK / 1024} KiB\n`)
  console.log(
    '| body | size | ms | ns a byte | most held | left | reading |\n| --- | ---: | ---: | ---: | ---: | ---: | --- |',
  )
  const wanted = process.argv.slice(2).join(' ')
  for (const name of Object.keys(CELLS)) if (name.includes(wanted)) measureApart(name)
}
