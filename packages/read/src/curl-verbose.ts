import { responseUnderHead } from './curl.ts'
import { ReadError } from './read-error.ts'
import type { SavedForm } from './saved-response.ts'
import { openSource, wholeOf } from './source.ts'

const MOST_BYTES = 256 * 1024 * 1024

/**
 * What `curl -v` prints, both of its outputs in one file: notes, the request, the head of the response line by line, and
 * its body between them. Held whole, up to 256 MiB.
 */
export const curlVerbose: SavedForm = {
  name: 'curl -v output',
  begins: (head) => {
    const text = Buffer.from(head).toString('latin1')
    return /^(?:[*>] |< HTTP\/|\s*% Total |Note: |Warning: )/.test(text) && /^< HTTP\/\d/m.test(withoutProgress(text))
  },
  async *responses(source, given) {
    const bytes = await wholeOf(source, MOST_BYTES)
    if (!bytes) throw new ReadError('it begins as curl -v output, and is larger than 256 MiB: save its body alone')
    const { heads, body } = partsOf(withoutProgress(Buffer.from(bytes).toString('latin1')))
    // With -i, too, the last head stands in front of the body once more, and is then the last of them.
    const saved = Buffer.from(heads + body, 'latin1')
    yield await responseUnderHead('curl -v', await openSource(once(saved)), given)
  },
}

const AMOUNT = ' +[\\d.]+[kMGTP]?'
const SHARE = ' +\\d{1,3}'
const TIME = ' +(?:[\\d-]+:[\\d-]{2}:[\\d-]{2}|\\d+d +\\d+h)'
/** The table that curl draws while it waits, each row over the one before and without a line break of its own. */
const PROGRESS_ROW = new RegExp(
  `\\r *\\d{1,3}${AMOUNT}(?:${SHARE}${AMOUNT}){2}(?:${AMOUNT}){2}(?:${TIME}){3}${AMOUNT}(?:\\r?\\n(?=[*>] |< |\\r))?`,
  'g',
)
const PROGRESS_HEAD = /^ *% Total .*\n *Dload .*\n/gm

function withoutProgress(text: string): string {
  return text.replace(PROGRESS_HEAD, '').replace(PROGRESS_ROW, '')
}

/** Notes, what was sent, how much came, and curl's own complaints. No line of JSON or of an event stream begins so. */
const ASIDE = /^(?:\*(?: .*)?|>(?: .*)?|[{}] \[\d+ bytes data\]|(?:Note|Warning|curl): .*)\r?(?:\n|$)/gm
/** Follows a body that ends without a line break, and goes on to the end of the line: an answer may quote one. */
const LAST_NOTE =
  /\* (?:Connection #\d+ to host \S+ left intact|Closing connection(?: #?-?\d+)?|transfer closed with [a-z\d ]+)\r?$/gm
const HEAD_LINE = /^<(?: (.*))?\r?(?:\n|$)/gm
const HEAD = /^HTTP\/\d.*\n(?:.+\n)*\n/gm

function partsOf(text: string): { heads: string; body: string } {
  const rest = text.replace(ASIDE, '').replace(LAST_NOTE, '')
  const lines = [...rest.matchAll(HEAD_LINE)].map(([, line = '']) => `${line}\n`).join('')
  // What comes after the last head is a trailer.
  const heads = lines.match(HEAD)?.join('') ?? lines
  return { heads, body: rest.replace(HEAD_LINE, '') }
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}
