import { defineConfig } from 'tsup'

/** The published packages. Each is built from `packages/<name>/src/index.ts` into its own `dist`. */
const packages = ['core', 'sqlite', 'hono']

export default defineConfig(
  packages.map((name) => ({
    name,
    entry: [`packages/${name}/src/index.ts`],
    outDir: `packages/${name}/dist`,
    format: 'esm' as const,
    platform: 'neutral' as const,
    target: 'es2023',
    external: [/^node:/, /^bun:/, /^@withusage\//],
    dts: true,
    sourcemap: true,
    clean: true,
  })),
)
