import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import path from 'node:path'

const PACKAGE = path.join(import.meta.dirname, '../..')
const CORE = path.join(PACKAGE, '../core')
const DENO = path.join(path.dirname(createRequire(import.meta.url).resolve('deno/package.json')), 'deno')

export interface House {
  folder: string
  /** Runs Deno in it, without a network, and gives its exit code and all it printed. */
  deno(...args: string[]): { status: number | null; output: string }
  remove(): void
}

/**
 * This package as JSR gets it, in a folder of its own, with core installed as npm gives it: built. Outside the
 * workspace, since Deno reads the `tsconfig.json` above a file, and writes into the `package.json` beside a
 * `pnpm-workspace.yaml` when it misses a package.
 */
export function houseOf(): House {
  const folder = mkdtempSync(path.join(tmpdir(), 'withusage-deno-'))
  for (const name of ['src', 'consumer', 'jsr.json', 'README.md'])
    cpSync(path.join(PACKAGE, name), path.join(folder, name), { recursive: true })
  writeFileSync(path.join(folder, 'package.json'), '{ "private": true }')
  installCore(path.join(folder, 'node_modules'))
  return {
    folder,
    deno(...args) {
      const env = { ...process.env, NO_COLOR: '1', DENO_NO_UPDATE_CHECK: '1' }
      const { status, stdout, stderr } = spawnSync(DENO, args, { cwd: folder, env, encoding: 'utf8' })
      return { status, output: `${stdout}${stderr}` }
    },
    remove: () => rmSync(folder, { recursive: true }),
  }
}

function installCore(modules: string): void {
  if (!existsSync(path.join(CORE, 'dist/index.d.ts'))) throw new Error('core is not built: run the build first')
  const target = path.join(modules, '@withusage/core')
  cpSync(path.join(CORE, 'dist'), path.join(target, 'dist'), { recursive: true })
  const { publishConfig, dependencies, ...manifest } = JSON.parse(readFileSync(path.join(CORE, 'package.json'), 'utf8'))
  writeFileSync(path.join(target, 'package.json'), JSON.stringify({ ...manifest, ...publishConfig }))
  for (const name of Object.keys(dependencies)) {
    mkdirSync(path.dirname(path.join(modules, name)), { recursive: true })
    symlinkSync(path.join(CORE, 'node_modules', name), path.join(modules, name))
  }
}
