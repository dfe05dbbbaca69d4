/**
 * Spoils recorded responses in every way and judges what is read of them:
 * `node packages/core/test/support/soak-corpus.ts <cases.ndjson.gz> [part/parts]`. The cases are not the project's: one
 * JSON object a line, `{ id, transport, request: { url, body }, response: { contentType, headers, body | bodyBase64 } }`.
 * Prints a table, and fails when a count was read that was not told.
 */
import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { judgeSpoilt, VERDICTS, type Verdict } from '../hostile/judge.ts'
import { type Framing, partsOf } from '../hostile/parts.ts'
import type { Spoil } from '../hostile/spoils.ts'

interface Case {
  id: string
  transport: Framing
  request?: { url?: string }
  response: {
    contentType?: string | null
    headers?: Record<string, string>
    body?: string
    bodyBase64?: string
  }
}

const [, , file, part = '1/1'] = process.argv
if (!file) throw new Error('which file of cases?')
const [turn = 1, turns = 1] = part.split('/').map(Number)
const cases = gunzipSync(readFileSync(file))
  .toString()
  .trim()
  .split('\n')
  .filter((_, index) => index % turns === turn - 1)
  .map((line) => JSON.parse(line) as Case)

const figures = new Map<Spoil | 'as it came', Record<Verdict, number>>()
const kinds = new Map<string, { times: number; example: string }>()

for (const { id, transport, request, response } of cases) {
  const { contentType, headers = {}, body = '', bodyBase64 } = response
  const bytes = new Uint8Array(Buffer.from(bodyBase64 ?? body, bodyBase64 ? 'base64' : 'utf8'))
  const sent = { url: request?.url ?? null, headers: headersOf(headers, contentType ?? null) }
  for (const { spoil, what, verdict, fault } of judgeSpoilt(sent, partsOf(transport, bytes))) {
    const row = figures.get(spoil) ?? (Object.fromEntries(VERDICTS.map((name) => [name, 0])) as Record<Verdict, number>)
    row[verdict]++
    figures.set(spoil, row)
    if (fault === null) continue
    const kind = `${spoil}: ${`${what.replace(/ = .*/, '')}: ${fault}`.replaceAll(/\d+/g, '#')}`
    const known = kinds.get(kind) ?? { times: 0, example: `${id}, ${what}: ${fault}` }
    kinds.set(kind, { ...known, times: known.times + 1 })
  }
}

function headersOf(recorded: Record<string, string>, contentType: string | null): Headers {
  const headers = new Headers()
  for (const [name, value] of Object.entries(recorded))
    if (!/^(content-length|transfer-encoding|content-encoding)$/i.test(name))
      headers.set(name, String(value).replaceAll(/[^\x20-\x7e]/g, '?'))
  if (contentType) headers.set('content-type', contentType)
  return headers
}

const print = (...cells: readonly unknown[]): void => void process.stdout.write(`| ${cells.join(' | ')} |\n`)
print(`${cases.length} cases`, 'all', ...VERDICTS)
print('---', ...['', ...VERDICTS].map(() => '---:'))
for (const [spoil, row] of figures)
  print(
    spoil,
    Object.values(row).reduce((sum, count) => sum + count, 0),
    ...VERDICTS.map((name) => row[name]),
  )
const found = [...kinds].toSorted(([, one], [, other]) => other.times - one.times)
for (const [kind, { times, example }] of found) process.stdout.write(`${times} × ${kind}\n    ${example}\n`)
process.exitCode = found.length > 0 ? 1 : 0
