/**
 * What keeping a process's state on `globalThis` costs: one look-up of it, against a variable of the module.
 *
 *     node bench/process-state.ts
 */
import { processState } from '../packages/core/src/process.ts'

const ROUNDS = 11
const LOOKUPS = 5_000_000
const own = { state: processState() }

function nanoseconds(lookUp: () => object): number {
  let seen = 0
  const begin = performance.now()
  for (let at = 0; at < LOOKUPS; at++) if (lookUp() === own.state) seen++
  if (seen !== LOOKUPS) throw new Error('another state')
  return ((performance.now() - begin) * 1e6) / LOOKUPS
}

const median = (values: number[]): string => (values.sort((a, b) => a - b)[values.length >> 1] ?? 0).toFixed(1)

const shared: number[] = []
const module: number[] = []
for (let round = 0; round < ROUNDS; round++) {
  shared.push(nanoseconds(processState))
  module.push(nanoseconds(() => own.state))
}
console.log(`on globalThis ${median(shared)} ns, in the module ${median(module)} ns a look-up`)
