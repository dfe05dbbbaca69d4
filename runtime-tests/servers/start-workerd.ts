/**
 * Bundles the Worker that is named and serves it by miniflare, past the proxy that miniflare puts before it. Prints its
 * address. The second word is the workerd to serve it by: miniflare's own, or the latest, which is newer.
 */
import { createRequire } from 'node:module'
import path from 'node:path'
import { build } from 'esbuild'
import { Miniflare, supportedCompatibilityDate } from 'miniflare'

const [name = '', age = 'miniflare'] = process.argv.slice(2)
const { resolve } = createRequire(import.meta.url)

if (age === 'latest') process.env.MINIFLARE_WORKERD_PATH = resolve('workerd/bin/workerd')

const { outputFiles } = await build({
  entryPoints: [path.join(import.meta.dirname, name)],
  write: false,
  bundle: true,
  format: 'esm',
  target: 'es2024',
  conditions: ['workerd', 'worker'],
  external: ['node:*'],
  logLevel: 'error',
})

const miniflare = new Miniflare({
  modules: true,
  script: outputFiles[0]?.text ?? '',
  compatibilityDate: age === 'latest' ? '2026-11-17' : supportedCompatibilityDate,
  compatibilityFlags: ['nodejs_als'],
  unsafeDirectSockets: [{ host: '127.0.0.1', port: 0 }],
})
process.once('SIGTERM', () => miniflare.dispose().then(() => process.exit()))
await miniflare.ready
const { origin } = await miniflare.unsafeGetDirectURL()

process.stdout.write(`${origin}\n`)
