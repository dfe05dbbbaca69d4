import { isChunked, unchunked } from './chunked.ts'
import { decoded } from './decoded.ts'
import { ReadError } from './read-error.ts'
import type { Given, SavedForm, SavedResponse } from './saved-response.ts'
import { openSource, type Source } from './source.ts'

const STATUS_LINE = /^HTTP\/(?:0\.9|1\.[01]|2(?:\.0)?|3(?:\.0)?) (\d{3})(?: [^\r\n]*)?\r?$/

/**
 * What `curl -i` prints: one or more heads, then the body, of which curl has undone the chunks unless it is told `--raw`.
 * Heads before the last are of a proxy, of `100 Continue`, or of what was redirected or asked for a password.
 */
export const curlOutput: SavedForm = {
  name: 'curl -i output',
  begins: (head) => readHead(textOf(head), 0) !== null || /^HTTP\/\d/.test(textOf(head)),
  async *responses(source, given) {
    yield await responseUnderHead('curl -i', source, given)
  },
}

/** @param printedBy `'curl -i'`, for the notes */
export async function responseUnderHead(printedBy: string, source: Source, { url }: Given): Promise<SavedResponse> {
  const head = lastHead(textOf(source.head), printedBy)
  const under = { head: source.head.subarray(head.end), from: (at: number) => source.from(head.end + at) }
  const chunked = /\bchunked\b/i.test(head.headers.get('transfer-encoding') ?? '') && isChunked(under.head)
  const body = await decoded(
    chunked ? await openSource(unchunked(under.from(0))) : under,
    head.headers.get('content-encoding'),
  )
  const notes = [`${printedBy}: ${head.protocol} ${head.status}`]
  if (head.before > 0) notes.push(`${head.before} earlier ${head.before === 1 ? 'head' : 'heads'} skipped`)
  if (chunked) notes.push('chunks joined')
  if (body.coding) notes.push(`${body.coding} decoded`)
  return {
    name: null,
    method: 'POST',
    url: url ?? null,
    status: head.status,
    headers: head.headers,
    body: body.source.from(0),
    notes,
  }
}

interface Head {
  protocol: string
  status: number
  headers: Headers
  /** Where the body begins. */
  end: number
}

function lastHead(text: string, printedBy: string): Head & { before: number } {
  let head = readHead(text, 0)
  if (!head) throw new ReadError(`it begins as ${printedBy} output, and its head has no end within 256 KiB`)
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
