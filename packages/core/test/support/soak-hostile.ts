/**
 * Plays the hostile suite for long: `node packages/core/test/support/soak-hostile.ts [runs] [seed]`. Prints a table of
 * what was tried and what was found, and fails when anything was. Each property runs 10,000 times unless told, and the
 * meter alone reads a hundred times as many bodies that no one would send.
 */
import { campaign, type Row } from '../hostile/campaign.ts'
import { fuzz } from '../hostile/fuzz.ts'

const [, , runs = '10000', seed = String(Date.now() % 2 ** 31)] = process.argv
const rejections: unknown[] = []
process.on('unhandledRejection', (reason) => void rejections.push(reason))

const print = (line: string): void => void process.stdout.write(`${line}\n`)
const cells = (...of: unknown[]): string => `| ${of.join(' | ')} |`

print(`seed ${seed}, ${runs} runs of each property\n`)
print(cells('inputs', 'tried', 'clients harmed', 'law broken', 'leaks', 'counts invented', 'seconds'))
print(cells('---', '---:', '---:', '---:', '---:', '---:', '---:'))

const sum = { tried: 0, harmed: 0, lawless: 0, leaks: 0, invented: 0 }
const found: string[] = []
let began = performance.now()

function printRow({ what, ...row }: Row): void {
  const seconds = ((performance.now() - began) / 1000).toFixed(1)
  print(cells(what, row.tried, row.harmed, row.lawless, row.leaks, row.invented, seconds))
  for (const kind of Object.keys(sum) as (keyof typeof sum)[]) sum[kind] += row[kind]
  if (row.found !== null) found.push(`${what}: ${row.found}`)
  began = performance.now()
}

/** A throw and a reading that took too long are harm. */
function printFuzz(): void {
  const { tried, threw, slow, lawless, slowest, found: first } = fuzz({ runs: 100 * Number(runs), seed: Number(seed) })
  const what = `bodies that no one would send, at most ${slowest.toFixed(2)} µs a byte`
  printRow({ what, tried, harmed: threw + slow, lawless, leaks: 0, invented: 0, found: first })
}

printFuzz()
for await (const row of campaign({ numRuns: Number(runs), seed: Number(seed) })) printRow(row)

print(cells('all', sum.tried, sum.harmed, sum.lawless, sum.leaks, sum.invented, ''))
print(`\nunhandled rejections: ${rejections.length}`)
for (const line of found) print(`found: ${line}`)
process.exitCode = found.length + rejections.length > 0 ? 1 : 0
