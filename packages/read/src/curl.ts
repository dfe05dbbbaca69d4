import { decoded } from './decoded.ts'
import { ReadError } from './read-error.ts'
import type { SavedForm } from './saved-response.ts'

const STATUS_LINE = /^HTTP\/(?:0\.9|1\.[01]|2(?:\.0)?|3(?:\.0)?) (\d{3})(?: [^\r\n]*)?\r?$/

/**
 * What `curl -i` prints: one or more heads, then the body, whose chunked coding curl has undone. Heads before the last
 * are of a proxy, of `100 Continue`, or of what was redirected or asked for a password.
 */
export const curlOutput: SavedForm = {
  name: 'curl -i output',
  begins: (head) => readHead(textOf(head), 0) !== null || /^HTTP\/\d/.test(textOf(head)),
  async *responses(source, { url }) {
    const head = lastHead(textOf(source.head))
    const body = await decoded(
      { ...source, head: source.head.subarray(head.end), from: (at) => source.from(head.end + at) },
      head.headers.get('content-encoding'),
    )
    const notes = [`curl -i: ${head.protocol} ${head.status}`]
    if (head.before > 0) notes.push(`${head.before} earlier ${head.before === 1 ? 'head' : 'heads'} skipped`)
    if (body.coding) notes.push(`${body.coding} decoded`)
    yield {
      name: null,
      method: 'POST',
      url: url ?? null,
      status: head.status,
      headers: head.headers,
      body: body.source.from(0),
      notes,
    }
  },
}

interface Head {
  protocol: string
  status: number
  headers: Headers
  /** Where the body begins. */
  end: number
}

function lastHead(text: string): Head & { before: number } {
  let head = readHead(text, 0)
  if (!head) throw new ReadError('it begins as curl -i output, and its head has no end within 256 KiB')
  for (let before = 0; ; before++) {
    const next = readHead(text, head.end)
    if (!next) return { ...head, before }
    head = next
  }
}

/** The head at a place, whose end is an empty line. */
function readHead(text: string, start: number): Head | null {
  const lineEnd = text.indexOf('\n', start)
  const [line = '', status] = STATUS_LINE.exec(text.slice(start, Math.max(start, lineEnd))) ?? []
  if (status === undefined) return null
  const [empty] = /\n\r?\n/.exec(text.slice(lineEnd)) ?? []
  if (empty === undefined) return null
  const end = lineEnd + text.slice(lineEnd).indexOf(empty) + empty.length
  return {
    protocol: line.split(' ')[0] ?? '',
    status: Number(status),
    headers: readHeaders(text.slice(lineEnd + 1, end)),
    end,
  }
}

function readHeaders(lines: string): Headers {
  const headers = new Headers()
  for (const line of lines.split(/\r?\n/)) {
    const [, name, value] = /^([!#$%&'*+.^`|~\w-]+):[ \t]*(.*?)[ \t]*$/.exec(line) ?? []
    if (name !== undefined && value !== undefined) headers.append(name, value)
  }
  return headers
}

/** One character a byte: an offset in it is one in the bytes. */
function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
}
