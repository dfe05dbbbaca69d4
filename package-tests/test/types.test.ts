import { execFile } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, inject, it } from 'vitest'
import { PACKAGE_NAMES, packageFolder, WORKSPACE } from './support/packages.ts'

const COMPILERS = {
  /** The README of each package promises it. */
  '5.7': 'typescript-oldest/bin/tsc',
  '7': '@typescript/native/bin/tsc',
}

/** Where the packages are used: what the compiler knows without being told, and by which rules it resolves. */
const PLACES = {
  'Node, by its own rules and without DOM': { lib: ['ES2023'], types: ['node'], module: 'NodeNext' },
  'a worker, with a bundler and without the types of Node': { lib: ['ES2023', 'DOM'], types: [], module: 'Bundler' },
  'a web framework on Node, with a bundler and DOM': { lib: ['ES2023', 'DOM'], types: ['node'], module: 'Bundler' },
}

describe.each(Object.entries(COMPILERS))('A consumer on TypeScript %s', (version, compiler) => {
  const bin = path.join(WORKSPACE, 'package-tests/node_modules', compiler)

  it('has that version', async () => {
    expect(await tsc(bin, '--version')).toContain(`Version ${version}.`)
  })

  it.each(Object.entries(PLACES))('compiles everything in %s', async (_place, settings) => {
    expect(await tsc(bin, '-p', project(settings))).toBe('')
  })
})

interface Settings {
  lib: string[]
  types: string[]
  module: string
}

/** A `tsconfig.json` for the consumer's files and the snippets of the READMEs. */
function project({ lib, types, module: moduleResolution }: Settings): string {
  const folder = inject('consumer')
  const file = path.join(folder, `tsconfig.${moduleResolution}-${lib.length}-${types.length}.json`)
  const compilerOptions = {
    ...{ target: 'ES2022', lib, types, moduleResolution },
    module: moduleResolution === 'Bundler' ? 'ESNext' : moduleResolution,
    ...{ strict: true, exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true },
    ...{
      skipLibCheck: false,
      skipDefaultLibCheck: true,
      noEmit: true,
      isolatedModules: true,
      verbatimModuleSyntax: true,
    },
  }
  const files = [...readdirSync(folder).filter((name) => name.endsWith('.ts')), ...writeSnippets(folder)]
  writeFileSync(file, JSON.stringify({ compilerOptions, files: [...new Set(files)] }))
  return file
}

/** Each block of TypeScript in a package's README becomes a module. */
function writeSnippets(folder: string): string[] {
  return PACKAGE_NAMES.flatMap((name) => {
    const readme = readFileSync(path.join(packageFolder(folder, name), 'README.md'), 'utf8')
    return [...readme.matchAll(/^```ts\n(.*?)^```/gms)].map(([, code = ''], index) => {
      const file = `readme-${name}-${index}.ts`
      writeFileSync(path.join(folder, file), code)
      return file
    })
  })
}

/** What the compiler says; nothing when it is content. */
async function tsc(bin: string, ...args: string[]): Promise<string> {
  const run = promisify(execFile)(process.execPath, [bin, ...args])
  const { stdout } = await run.catch((error: { stdout: string }) => error)
  return stdout
}
