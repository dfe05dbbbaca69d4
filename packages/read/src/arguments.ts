import { parseArgs } from 'node:util'
import type { Given } from './saved-response.ts'

export const USAGE = `Usage: withusage read [--url <url>] [--header '<name>: <value>']… <file|->

Reads a saved response and prints what would be recorded of it, from which field each count comes, and why.
The file holds a body (JSON, SSE, JSON lines, a JSON array, an AWS event stream), what curl -i or curl -v
printed, or a HAR; it may be compressed. - reads from standard input. It never prints prompts or answers.

  --url      the URL that was requested: some providers name the model there
  --header   a header of the response, where the file is a body alone; may be repeated

Exits with 0 when every response was read (of a HAR, one of them), 1 when not, and 2 when called in another way.
`

export type Arguments = { file: string; given: Given } | { wrong: string } | { help: true }

export function readArguments(args: readonly string[]): Arguments {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { url: { type: 'string' }, header: { type: 'string', multiple: true }, help: { type: 'boolean' } },
    })
    if (values.help) return { help: true }
    const [file, ...more] = positionals
    if (file === undefined || more.length > 0) return { wrong: 'expected one file, or -' }
    const headers = new Headers(values.header?.map(splitHeader))
    return { file, given: { headers, ...(values.url !== undefined && { url: values.url }) } }
  } catch (error) {
    return { wrong: error instanceof Error ? error.message : String(error) }
  }
}

function splitHeader(header: string): [string, string] {
  const at = header.indexOf(':')
  if (at < 1) throw new Error('--header needs <name>: <value>')
  return [header.slice(0, at).trim(), header.slice(at + 1).trim()]
}
