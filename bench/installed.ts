import { createRequire } from 'node:module'
import path from 'node:path'

/** Where a file of an installed package is: `'deno/deno'`. */
export function installed(file: string): string {
  const [name = ''] = file.split('/')
  const manifest = createRequire(import.meta.url).resolve(`${name}/package.json`)
  return path.join(path.dirname(manifest), file.slice(name.length + 1))
}
