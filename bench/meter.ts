/**
 * What reading the usage of a body costs, against reading it in the plain way: `eventsource-parser` and `JSON.parse` of
 * each event, `JSON.parse` of each line or of the document. Both are given the same chunks.
 *
 *     node bench/meter.ts [words of a cell's name]
 */
import { createParser } from 'eventsource-parser'
import { createMeter } from '../packages/core/src/meter/create-meter.ts'
import { BODIES, type Body } from './streams.ts'

const ROUNDS = 31
const ROUND_MS = 40

/** Keeps what was read, so that no compiler may leave the reading out. */
let kept: unknown

function plainly({ contentType, chunks }: Body): void {
  const decoder = new TextDecoder()
  const read = (text: string): void => {
    if (text.startsWith('{')) kept = JSON.parse(text)
  }
  if (contentType.startsWith('text/event-stream')) {
    const parser = createParser({ onEvent: ({ data }) => read(data) })
    for (const chunk of chunks) parser.feed(decoder.decode(chunk, { stream: true }))
  } else if (contentType === 'application/x-ndjson') {
    let rest = ''
    for (const chunk of chunks) {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) read(line)
    }
  } else {
    let text = ''
    for (const chunk of chunks) text += decoder.decode(chunk, { stream: true })
    read(text)
  }
}

function metered({ contentType, path, chunks }: Body): void {
  const headers = new Headers({ 'content-type': contentType })
  const meter = createMeter({ headers, url: path, method: 'POST', status: 200 })
  for (const chunk of chunks) meter.write(chunk)
  kept = meter.end()
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] as number

/** Microseconds of one reading, over one round. */
function time(read: (body: Body) => void, body: Body): number {
  const start = performance.now()
  let runs = 0
  while (performance.now() - start < ROUND_MS) {
    read(body)
    runs++
  }
  return ((performance.now() - start) * 1000) / runs
}

function compare(name: string, body: Body): void {
  for (const read of [plainly, metered, plainly, metered]) time(read, body)
  const rounds = Array.from({ length: ROUNDS }, () => ({ plain: time(plainly, body), meter: time(metered, body) }))
  const ratio = median(rounds.map(({ plain, meter }) => meter / plain))
  const [plain, meter] = [median(rounds.map((round) => round.plain)), median(rounds.map((round) => round.meter))]
  const bytes = body.chunks.reduce((sum, chunk) => sum + chunk.length, 0)
  const cells = [name, `${(bytes / 1000).toFixed(1)} KB`, plain.toFixed(1), meter.toFixed(1), ratio.toFixed(2)]
  console.log(`| ${[...cells, `1/${(1 / ratio).toFixed(1)}`].join(' | ')} |`)
}

console.log(`Node ${process.version}; ${ROUNDS} alternating rounds of ${ROUND_MS} ms each; medians\n`)
console.log('| body | size | plain, µs | meter, µs | ratio | |\n| --- | --- | --- | --- | --- | --- |')
const wanted = process.argv.slice(2).join(' ')
for (const [name, body] of Object.entries(BODIES)) if (name.includes(wanted)) compare(name, body)
if (kept === undefined) throw new Error('nothing was read')
