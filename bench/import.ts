/** What importing the published packages costs, over what they import. See README.md. */
import { execFileSync } from 'node:child_process'
import { rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { type Consumer, makeConsumer } from '../package-tests/test/support/consumer.ts'

const ROUNDS = Number(process.argv[2] ?? 41)

/** As in the built core: what it takes from its three dependencies. */
const DEPENDENCIES = `
import { z } from 'zod'
import { isSpanContextValid, metrics, trace } from '@opentelemetry/api'
import { createParser } from 'eventsource-parser'
export default [z, isSpanContextValid, metrics, trace, createParser]`

/** Each is compared with the one it names. */
const CASES = {
  'an empty module': { code: '', over: null },
  "core's three dependencies": { code: DEPENDENCIES, over: null },
  '@withusage/core': { code: "import '@withusage/core'", over: "core's three dependencies" },
  '@withusage/sqlite': { code: "import '@withusage/sqlite'", over: '@withusage/core' },
  'core and hono': { code: "import '@withusage/core'; import 'hono'; import 'hono/route'", over: null },
  '@withusage/hono and hono': { code: "import '@withusage/hono'; import 'hono'", over: 'core and hono' },
} satisfies Record<string, { code: string; over: string | null }>

type Case = keyof typeof CASES

const NAMES = Object.keys(CASES) as Case[]

/** How long one import takes in a process that has imported nothing else, in milliseconds. */
function importOnce(file: string): number {
  const timer = `const startedAt = performance.now(); await import(process.argv[1]); console.log(performance.now() - startedAt)`
  return Number(execFileSync(process.execPath, ['--input-type=module', '--eval', timer, file], { encoding: 'utf8' }))
}

function writeCases({ folder }: Consumer): Record<Case, string> {
  const files = NAMES.map((name, index) => {
    const file = path.join(folder, `case-${index}.js`)
    writeFileSync(file, CASES[name].code)
    return [name, file]
  })
  return Object.fromEntries(files)
}

/** Case by case in turn, so that a slow minute of the machine is in all of them. The first round warms its caches. */
function measure(files: Record<Case, string>): Record<Case, number[]> {
  const times = Object.fromEntries(NAMES.map((name) => [name, []])) as unknown as Record<Case, number[]>
  for (let round = 0; round <= ROUNDS; round++)
    for (const name of NAMES) {
      const took = importOnce(files[name])
      if (round > 0) times[name].push(took)
    }
  return times
}

const quantile = (values: number[], share: number): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length * share)] as number
const median = (values: number[]): number => quantile(values, 0.5)

function print(times: Record<Case, number[]>): void {
  console.log(`Node ${process.versions.node}, ${ROUNDS} processes each, milliseconds\n`)
  console.log('| import of | median | p90 | adds, median | adds, p90 | to |')
  console.log('| --- | ---: | ---: | ---: | ---: | --- |')
  for (const name of NAMES) {
    const { over } = CASES[name]
    const added = over === null ? [] : times[name].map((time, round) => time - (times[over as Case][round] as number))
    const figures = [times[name], added].flatMap((values) => [median(values), quantile(values, 0.9)])
    console.log(`| ${[name, ...figures.map((each) => each?.toFixed(1) ?? ''), over ?? ''].join(' | ')} |`)
  }
}

const consumer = makeConsumer()
try {
  print(measure(writeCases(consumer)))
} finally {
  rmSync(consumer.folder, { recursive: true, force: true })
}
