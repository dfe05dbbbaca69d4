import { execFile } from 'node:child_process'
import { readdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, inject, it } from 'vitest'
import { WORKSPACE } from './support/packages.ts'

const MODULES = path.join(WORKSPACE, 'package-tests/node_modules')

const COMPILERS = {
  /** The README of each package promises it. */
  '5.7': 'typescript-oldest/bin/tsc',
  '7': '@typescript/native/bin/tsc',
}

/** Where packages are used: what the compiler knows without being told, and by which rules it resolves. */
interface Place {
  /** Folders of `consumer/`. */
  code: string[]
  lib: string[]
  types: string[]
  module: 'NodeNext' | 'Bundler'
  /** Another package's declarations in the place of those that the consumer has installed. */
  paths?: Record<string, string[]>
  /** The framework's own declarations do not compile with `skipLibCheck: false`: what is said of others is not ours. */
  oursOnly?: true
}

const DOM = ['ES2023', 'DOM']

const PLACES: Record<string, Place> = {
  'Node, by its own rules and without DOM': {
    ...{ code: ['core', 'sqlite', 'hono', 'express', 'deno'] },
    ...{ lib: ['ES2023'], types: ['node'], module: 'NodeNext' },
  },
  'Node, with Express 4': {
    ...{ code: ['express'], paths: { express: ['./node_modules/@types/express4'] } },
    ...{ lib: ['ES2023'], types: ['node'], module: 'NodeNext' },
  },
  'a web framework on Node, with a bundler and DOM': {
    ...{ code: ['core', 'sqlite', 'hono', 'express', 'deno'], lib: DOM, types: ['node'], module: 'Bundler' },
  },
  'a worker, where the types of Node are not installed': {
    ...{ code: ['core', 'sqlite', 'hono', 'deno'], lib: DOM, types: [], module: 'Bundler' },
  },
  'the AI SDK 7': { code: ['ai-sdk'], lib: DOM, types: ['node'], module: 'NodeNext', oursOnly: true },
  'the AI SDK 6': {
    ...{ code: ['ai-sdk'], paths: { ai: ['./node_modules/ai6'] }, oursOnly: true },
    ...{ lib: DOM, types: ['node'], module: 'NodeNext' },
  },
  'Next.js': { code: ['core', 'next'], lib: DOM, types: ['node'], module: 'Bundler', oursOnly: true },
  'Next.js, where the types of Node are not installed': {
    ...{ code: ['core', 'next'], lib: DOM, types: [], module: 'Bundler', oursOnly: true },
  },
  Bun: { code: ['core', 'bun'], lib: DOM, types: ['bun'], module: 'Bundler', oursOnly: true },
}

describe.each(Object.entries(COMPILERS))('A consumer on TypeScript %s', (version, compiler) => {
  const bin = path.join(MODULES, compiler)

  it('has that version', async () => {
    expect(await tsc(bin, '--version')).toEqual([expect.stringContaining(`Version ${version}.`)])
  })

  it.each(Object.entries(PLACES))('compiles everything in %s', async (name, place) => {
    const said = await tsc(bin, '-p', project(name, place))
    expect(place.oursOnly ? said.filter(isOurs) : said).toEqual([])
  })
})

/** A `tsconfig.json` for the consumer's files that belong in a place. */
function project(name: string, { code, lib, types, module, paths = {} }: Place): string {
  const folder = inject('consumer')
  const file = path.join(folder, `tsconfig.${name.replaceAll(/\W+/g, '-')}.json`)
  const compilerOptions = {
    ...{ target: 'ES2022', lib, types, paths, moduleResolution: module },
    module: module === 'Bundler' ? 'ESNext' : module,
    ...{ strict: true, exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true },
    // Where no types of a runtime are named none can be found: not here, and by their links not beside the packages.
    ...{ typeRoots: types.map(() => path.join(MODULES, '@types')), preserveSymlinks: types.length === 0 },
    ...{
      skipLibCheck: false,
      skipDefaultLibCheck: true,
      noEmit: true,
      isolatedModules: true,
      verbatimModuleSyntax: true,
    },
  }
  writeFileSync(file, JSON.stringify({ compilerOptions, files: code.flatMap((each) => modulesIn(folder, each)) }))
  return file
}

function modulesIn(folder: string, code: string): string[] {
  const found = readdirSync(path.join(folder, code)).filter((name) => name.endsWith('.ts'))
  return found.map((name) => path.join(code, name))
}

/** Whether a complaint is about the consumer's code or our declarations. */
const isOurs = (complaint: string): boolean => !/^\S*node_modules\/(?!@withusage\/)/.test(complaint)

/** What the compiler says, one line for each complaint; nothing when it is content. */
async function tsc(bin: string, ...args: string[]): Promise<string[]> {
  const run = promisify(execFile)(process.execPath, [bin, ...args])
  const { stdout } = await run.catch((error: { stdout: string }) => error)
  return stdout.split(/\n(?=\S)|\n$/).filter((line) => line !== '')
}
