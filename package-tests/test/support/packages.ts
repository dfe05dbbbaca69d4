import { readFileSync } from 'node:fs'
import path from 'node:path'

export const WORKSPACE = path.resolve(import.meta.dirname, '../../..')

/** The published packages by folder, with the entries that their manifests export. */
export const PACKAGES = {
  core: ['index', 'store-kit', 'adapter-kit', 'format-kit'],
  sqlite: ['index'],
  hono: ['index'],
  express: ['index', 'node'],
  next: ['index'],
  deno: ['index'],
  'ai-sdk': ['index'],
} as const

export type PackageName = keyof typeof PACKAGES

export const PACKAGE_NAMES = Object.keys(PACKAGES) as PackageName[]

/** Where a package is in the project that has it installed. */
export const packageFolder = (consumer: string, name: PackageName): string => path.join(consumer, 'packages', name)

/** The part of a manifest that the tests read. */
export interface Manifest {
  version: string
  exports: Record<string, { types: string; import: string }>
  dependencies?: Record<string, string>
  peerDependencies?: Record<string, string>
}

export function readManifest(folder: string): Manifest {
  return JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8'))
}
