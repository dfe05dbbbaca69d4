import { decoded } from './decoded.ts'
import { ReadError } from './read-error.ts'
import type { SavedForm, SavedResponse } from './saved-response.ts'
import { openSource, wholeOf } from './source.ts'

const MOST_BYTES = 256 * 1024 * 1024

/** An archive of a browser or a proxy: every entry is a response. Held whole, up to 256 MiB. */
export const har: SavedForm = {
  name: 'HAR',
  begins: (head) => /^(?:\xef\xbb\xbf)?\s*\{\s*"log"\s*:/.test(Buffer.from(head.subarray(0, 1024)).toString('latin1')),
  async *responses(source) {
    const bytes = await wholeOf(source, MOST_BYTES)
    if (!bytes) throw new ReadError('it begins as a HAR, and is larger than 256 MiB: save fewer entries')
    for (const entry of entriesOf(bytes)) yield await responseOf(entry)
  },
}

/** The parts of an entry that are read. @see http://www.softwareishard.com/blog/har-12-spec/ */
interface Entry {
  request?: { method?: unknown; url?: unknown }
  response?: {
    status?: unknown
    headers?: { name?: unknown; value?: unknown }[]
    content?: { text?: unknown; encoding?: unknown; mimeType?: unknown }
  }
}

function entriesOf(bytes: Uint8Array): Entry[] {
  let entries: unknown
  try {
    entries = JSON.parse(new TextDecoder().decode(bytes))?.log?.entries
  } catch (cause) {
    throw new ReadError('it begins as a HAR, and is no whole JSON', { cause })
  }
  if (!Array.isArray(entries)) throw new ReadError('it begins as a HAR, and has no log.entries')
  return entries.filter((entry) => typeof entry === 'object' && entry !== null)
}

async function responseOf({ request, response }: Entry): Promise<SavedResponse> {
  const url = typeof request?.url === 'string' ? request.url : null
  const method = typeof request?.method === 'string' ? request.method.toUpperCase() : 'POST'
  const headers = headersOf(response)
  const bytes = bytesOf(response?.content)
  const body = await decoded(await openSource(once(bytes ?? new Uint8Array())), headers.get('content-encoding'))
  return {
    name: `${method} ${url === null ? 'an unknown URL' : withoutSecrets(url)}`,
    method,
    url,
    status: typeof response?.status === 'number' ? response.status : 0,
    headers,
    body: body.source.from(0),
    notes: bytes === null ? ['saved without its body'] : [],
  }
}

function headersOf(response: Entry['response']): Headers {
  const headers = new Headers()
  for (const { name, value } of Array.isArray(response?.headers) ? response.headers : []) {
    try {
      headers.append(String(name), String(value))
    } catch {
      // HTTP/2 fields such as `:status` are no headers.
    }
  }
  const type = response?.content?.mimeType
  if (typeof type === 'string' && !headers.has('content-type')) headers.set('content-type', type)
  return headers
}

function bytesOf(content: NonNullable<Entry['response']>['content']): Uint8Array | null {
  if (typeof content?.text !== 'string') return null
  return Buffer.from(content.text, content.encoding === 'base64' ? 'base64' : 'utf8')
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

/** Keys stand in queries and in front of hosts. */
function withoutSecrets(url: string): string {
  return url.replace(/[?#].*$/s, '').replace(/\/\/[^/@]*@/, '//')
}
