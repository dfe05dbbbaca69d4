/**
 * Where the time of a server goes: the functions with most time of their own.
 *
 *     npx -y pnpm@12.21.0 exec node bench/profile.ts [answer] [way] [server] [ms]
 */
import { mkdtempSync, readdirSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { type AnswerName, pathOf } from './answers.ts'
import { markdown } from './table.ts'
import { type ServerName, start } from './targets.ts'

const MOST = 30
const WARMING_MS = 4_000
const [answer = 'sse-200', way = 'metered', server = 'hono', ms = '4000'] = process.argv.slice(2)

interface Profile {
  /** Microseconds of the system's clock, as all here. */
  startTime: number
  nodes: { id: number; callFrame: { functionName: string; url: string; lineNumber: number } }[]
  samples: number[]
  timeDeltas: number[]
}

const folder = mkdtempSync(path.join(tmpdir(), 'withusage-profile-'))
const target = await start(server as ServerName, way, 'memory', ['--cpu-prof', `--cpu-prof-dir=${folder}`])
const ask = { path: pathOf(answer as AnswerName), connections: 16 }
await target.sample({ ...ask, ms: WARMING_MS })
const from = Number(process.hrtime.bigint() / 1_000n)
const seen = await target.sample({ ...ask, ms: Number(ms) })
const until = Number(process.hrtime.bigint() / 1_000n)
await target.stop()

const [file = ''] = readdirSync(folder)

const { nodes, samples, timeDeltas, startTime } = JSON.parse(readFileSync(path.join(folder, file), 'utf8')) as Profile
const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]))
const byFunction = new Map<string, number>()
const byFile = new Map<string, number>()
let total = 0
let at = startTime
samples.forEach((id, index) => {
  const time = timeDeltas[index] as number
  at += time
  const { functionName, url, lineNumber } = frames.get(id) ?? { functionName: '', url: '', lineNumber: 0 }
  if (at < from || at > until || functionName === '(idle)') return
  const file = url === '' ? functionName : fileOf(url)
  add(byFunction, url === '' ? functionName : `${functionName || 'anonymous'} ${file}:${lineNumber + 1}`, time)
  add(byFile, file, time)
  total += time
})

function fileOf(url: string): string {
  return path.relative(path.dirname(import.meta.dirname), url.replace('file://', '')).replace(/^.*node_modules\//, '')
}

function add(to: Map<string, number>, key: string, time: number): void {
  to.set(key, (to.get(key) ?? 0) + time)
}

function print(what: string, times: ReadonlyMap<string, number>): void {
  const rows = [...times].toSorted(([, a], [, b]) => b - a).slice(0, MOST)
  const cells = rows.map(([name, time]) => {
    const share = `${((100 * time) / total).toFixed(1)} %`
    return [name.slice(0, 100).replaceAll('|', '\\|'), '', share, (time / seen.served).toFixed(2)]
  })
  console.log(`${markdown([what, '', 'of its own', 'µs a request'], cells)}\n`)
}

console.log(
  `${answer} ${way} on ${server}: ${seen.served} requests, ${seen.cpuMicroseconds?.toFixed(1)} µs of CPU each\n`,
)
print('file', byFile)
print('function', byFunction)
console.log(path.join(folder, file))
