import { readFileSync } from 'node:fs'
import { defineConfig, type Options } from 'tsup'

interface Manifest {
  dependencies?: Record<string, string>
  peerDependencies?: Record<string, string>
}

/** One published package, built from its `src` into its own `dist`; what its manifest names stays an import. */
function packageBuild(name: string, entries: readonly string[] = ['index']): Options {
  const folder = `packages/${name}`
  const manifest: Manifest = JSON.parse(readFileSync(`${folder}/package.json`, 'utf8'))
  const installed = Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies })
  return {
    name,
    entry: entries.map((entry) => `${folder}/src/${entry}.ts`),
    outDir: `${folder}/dist`,
    format: 'esm',
    platform: 'neutral',
    target: 'es2023',
    external: [/^node:/, /^bun:/, ...installed.map((dependency) => new RegExp(`^${dependency}(/|$)`))],
    removeNodeProtocol: false,
    // A declaration that names `Symbol.asyncDispose` brings the library it is from; consumers may have set none.
    dts: { banner: '/// <reference lib="esnext.disposable" />' },
    sourcemap: true,
    clean: true,
  }
}

export default defineConfig([
  packageBuild('core', ['index', 'store-kit', 'adapter-kit', 'format-kit']),
  packageBuild('sqlite'),
  packageBuild('hono'),
  packageBuild('express', ['index', 'node']),
  packageBuild('next'),
  packageBuild('deno'),
  packageBuild('ai-sdk'),
])
