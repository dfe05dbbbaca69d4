/**
 * Checks all types: what runs on Node, then what runs on Bun, on Deno and in Next.js, each of which has globals of its own.
 * The apps that `next build` makes are checked by it, with the types that it generates.
 */
import { spawnSync } from 'node:child_process'

const PROJECTS = ['tsconfig.json', 'tsconfig.bun.json', 'tsconfig.deno.json', 'tsconfig.next.json']

const TSC = 'node_modules/@typescript/native/bin/tsc'

const passed = PROJECTS.map(
  (project) => spawnSync(process.execPath, [TSC, '-p', project], { stdio: 'inherit' }).status === 0,
)
process.exitCode = passed.every(Boolean) ? 0 : 1
