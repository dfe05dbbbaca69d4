import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { PACKAGE_NAMES, type PackageName, packageFolder, readManifest, WORKSPACE } from './packages.ts'

/** A project outside the workspace that has the packages installed. */
export interface Consumer {
  folder: string
  /** The packed file of each package. */
  tarballs: Record<PackageName, string>
}

/**
 * Packs the packages with pnpm and makes a project that has them installed. As pnpm does it, `node_modules` holds
 * links: to the unpacked packages, and to the workspace's dependencies, so that nothing is fetched.
 */
export function makeConsumer(): Consumer {
  const folder = mkdtempSync(path.join(realpathSync(tmpdir()), 'withusage-consumer-'))
  const tarballs = pack(folder)
  for (const name of PACKAGE_NAMES) unpack(name, tarballs[name], folder)
  writeFileSync(path.join(folder, 'package.json'), JSON.stringify({ private: true, type: 'module' }))
  return { folder, tarballs }
}

/** The files that `pnpm publish` would send: its `publishConfig` applied, `catalog:` and `workspace:` resolved. */
function pack(folder: string): Record<PackageName, string> {
  const filters = PACKAGE_NAMES.map((name) => `--filter=./packages/${name}`)
  const output = pnpm('--recursive', ...filters, 'pack', '--json', '--pack-destination', folder)
  const packed: { name: string; filename: string }[] = JSON.parse(output)
  const fileOf = (name: string) => packed.find((entry) => entry.name === `@withusage/${name}`)?.filename
  return Object.fromEntries(PACKAGE_NAMES.map((name) => [name, fileOf(name)])) as Record<PackageName, string>
}

/** The pnpm that runs this script, else the one that the README names. */
function pnpm(...args: string[]): string {
  const running = process.env.npm_execpath ?? ''
  const options = { cwd: WORKSPACE, encoding: 'utf8' } as const
  if (!/pnpm/.test(running)) return execFileSync('npx', ['-y', 'pnpm@12.21.0', ...args], options)
  if (/\.[cm]?js$/.test(running)) return execFileSync(process.execPath, [running, ...args], options)
  return execFileSync(running, args, options)
}

function unpack(name: PackageName, tarball: string, folder: string): void {
  const target = packageFolder(folder, name)
  mkdirSync(target, { recursive: true })
  execFileSync('tar', ['-xzf', tarball, '-C', target, '--strip-components=1'])
  const { dependencies, peerDependencies } = readManifest(target)
  const needed = Object.keys({ ...dependencies, ...peerDependencies })
  link(target, `@withusage/${name}`, folder)
  for (const dependency of needed.filter((each) => !each.startsWith('@withusage/')))
    link(path.join(WORKSPACE, 'packages', name, 'node_modules', dependency), dependency, folder)
}

/** Makes a package of the workspace known to the consumer by its name. */
export function link(source: string, as: string, folder: string): void {
  const target = path.join(folder, 'node_modules', as)
  mkdirSync(path.dirname(target), { recursive: true })
  symlinkSync(realpathSync(source), target)
}
